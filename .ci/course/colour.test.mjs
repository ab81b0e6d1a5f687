import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contrast, over, parse } from './colour.mjs'

test('colours are read as browsers write them', () => {
  assert.deepEqual(parse('rgb(1, 2, 3)'), [1, 2, 3, 1])
  assert.deepEqual(parse('rgba(1, 2, 3, 0.5)'), [1, 2, 3, 0.5])
  assert.deepEqual(parse('color(srgb 1 0 0.2 / 0.5)'), [255, 0, 51, 0.5])
  assert.deepEqual(parse('none'), [0, 0, 0, 0])
})

test('black on white has the greatest contrast, and a colour on itself none', () => {
  assert.equal(contrast([0, 0, 0], [255, 255, 255]), 21)
  assert.equal(contrast([9, 9, 9], [9, 9, 9]), 1)
  // The lightest grey that WCAG allows on white.
  assert.ok(contrast([118, 118, 118], [255, 255, 255]) >= 4.5)
  assert.ok(contrast([119, 119, 119], [255, 255, 255]) < 4.5)
})

test('what is half transparent takes half of what is below', () => {
  assert.deepEqual(over([0, 0, 0, 0.5], [200, 100, 0]), [100, 50, 0, 1])
})
