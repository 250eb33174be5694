/** A reply of about this many characters: paragraphs, lists, code and tables, as models write them. */
export function longReply(length: number): string {
  const sections: string[] = []
  let written = 0
  for (let number = 1; written < length; number += 1) {
    const section = sectionOf(number)
    sections.push(section)
    written += section.length + 2
  }
  return sections.join('\n\n')
}

function sectionOf(number: number): string {
  const words = `The ${number}th section says what the ones before it said, in words that are a little longer than they need to be. `
  return [
    `## Section ${number}`,
    words.repeat(4).trim(),
    `- First of \`list-${number}\`\n- Second, with **weight**\n- Third, [with a link](https://example.com/${number})`,
    words.repeat(6).trim(),
    `\`\`\`ts\nexport function step${number}(input: string): string {\n  // nothing is done here\n  return input.trim() + ${number}\n}\n\`\`\``,
    ...(number % 10 === 0 ? ['| Name | Value |\n|---|---|\n| one | 1 |\n| two | 2 |'] : []),
  ].join('\n\n')
}
