/** The one inline style sheet: that of Turbo's progress bar. Another Turbo may need another; the browser test tells. */
const turboStyle = "'sha256-WAyOw4V+FqDc35lQPyRADLBWbuNK8ahvYEaQIYF1+Ps='"

/** Only what this application serves itself; no inline script, no image or frame of anybody else. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'self' ${turboStyle}`,
  "font-src 'self'",
  // Pictures that a tool has read are in the page, as bytes.
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
]

/** Row ids come from the address bar: only what a row can have. */
export function parseRowId(value: unknown): number | null {
  if (typeof value !== 'string' || !/^[1-9]\d{0,14}$/.test(value)) return null
  return Number(value)
}
