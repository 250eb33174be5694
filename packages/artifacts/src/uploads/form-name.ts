/** A file's name as it was before the browser put it into a form: three characters are escaped there, and nothing else. */
export function fromFormName(name: string): string {
  return name.replace(/%22/g, '"').replace(/%0D/gi, '\r').replace(/%0A/gi, '\n')
}
