import {
  ask,
  type PromptInfo,
  reply,
  type ScenarioLike,
  text,
  tool,
  wait,
} from '@turnstead/testkit'

/** What a turn is asked; its answer depends on the number. */
export function questionOf(number: number): string {
  return `Question ${number}${isAsking(number) ? ', and ask me first' : ''}.`
}

/** Every tenth turn waits for a person. */
export function isAsking(number: number): boolean {
  return number % 10 === 0
}

export function answerOf(number: number): string {
  // After a tool the model begins a message of its own.
  const gap = isAsking(number) ? ' \n\n' : ' '
  return `Answer ${number}: ${words.join(' ')}${gap}And that was all of answer ${number}.`
}

const words = 'Once upon a time there was a small machine that told long stories.'.split(' ')

/** Answers in half a second to two, and counts how often each question is put to the model. */
export function tellStories(): {
  readonly scenario: ScenarioLike
  timesAsked(number: number): number
} {
  const asked = new Map<number, number>()
  const scenario = ({ text: prompt }: PromptInfo) => {
    const number = Number(/Question (\d+)/.exec(prompt)?.[1])
    asked.set(number, (asked.get(number) ?? 0) + 1)
    const paceMs = 20 + (number % 7) * 10
    const beginning = text(`Answer ${number}: ${words.join(' ')} `, { paceMs })
    const end = text(`And that was all of answer ${number}.`, { paceMs })
    if (!isAsking(number)) return reply(beginning, wait(200), end)
    const command = { command: `echo ${number}`, description: 'Says a number' }
    return reply(beginning, ask.permission(tool.bash(command, { output: `${number}` })), end)
  }
  return { scenario, timesAsked: (number) => asked.get(number) ?? 0 }
}
