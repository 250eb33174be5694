/** Throws a `RangeError` that names the option when it is no number of the range. */
export function requireRange(
  option: string,
  value: number,
  min: number,
  max: number = Infinity,
): void {
  if (value >= min && value <= max) return
  throw new RangeError(`\`${option}\` must be a number from ${min} to ${max}`)
}
