// Contrast as WCAG 2.2 defines it. Colours are arrays: red, green, blue from 0 to 255, alpha from 0 to 1.

/** What a browser computes: `rgb(1, 2, 3)`, `rgba(1, 2, 3, 0.4)`, `color(srgb 0.1 0.2 0.3 / 0.4)`. */
export function parse(text) {
  const numbers = text.match(/-?[\d.]+(e-?\d+)?/g)?.map(Number) ?? []
  const [red, green, blue, alpha = 1] = numbers
  if (numbers.length < 3) return [0, 0, 0, 0]
  const scale = text.startsWith('color(') ? 255 : 1
  return [red * scale, green * scale, blue * scale, alpha]
}

/** A colour that lies over one that is opaque. */
export function over([red, green, blue, alpha], below) {
  return [red, green, blue]
    .map((channel, at) => channel * alpha + below[at] * (1 - alpha))
    .concat(1)
}

function luminance(colour) {
  const [red, green, blue] = colour.slice(0, 3).map((channel) => {
    const part = channel / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** The ratio of two opaque colours, from 1 to 21. */
export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}
