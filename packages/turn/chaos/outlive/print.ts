/** A figure of one part alone. */
export function printFigure(
  name: string,
  value: number,
  { unit = 'count', better = 'lower' }: { unit?: string; better?: 'lower' | 'higher' } = {},
): void {
  process.stdout.write(`${JSON.stringify({ name, value, unit, better })}\n`)
}
