// Prints what the page computes from a file of results, as JSON, as `cargo lab report --figures` does.
//
//   node figures.mjs RESULTS.json

import { readFileSync } from 'node:fs'
import { computeFigures } from '../../../bench/lab/src/report/page/figures.js'

const results = JSON.parse(readFileSync(process.argv[2], 'utf8'))
process.stdout.write(JSON.stringify(computeFigures(results)))
