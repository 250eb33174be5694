import type { Question, ToolPart } from '@turnstead/reply'
import { html, type Html } from '@turnstead/reply/turbo'

interface Asked {
  readonly text: string
  readonly options: readonly string[]
}

/** What a call asked the reader; empty for all other tools. */
export function questionsOf(part: ToolPart): readonly Asked[] {
  if (part.tool !== 'question') return []
  const ask = part.asks.find(({ kind }) => kind === 'question')
  if (ask?.kind === 'question' && ask.questions.length > 0) return ask.questions.map(asked)
  const { questions } = part.input
  return Array.isArray(questions) ? questions.map(fromInput) : []
}

function asked({ text, options }: Question): Asked {
  return { text, options: options.map(({ label }) => label) }
}

function fromInput(value: unknown): Asked {
  const { question, options } = Object(value) as { question?: unknown; options?: unknown }
  const labels = (Array.isArray(options) ? options : []).flatMap((option: unknown) => {
    const { label } = Object(option) as { label?: unknown }
    return typeof label === 'string' ? [label] : []
  })
  return { text: typeof question === 'string' ? question : '', options: labels }
}

/** Each question with what was chosen among what could be. */
export function answeredQuestions(part: ToolPart): Html {
  const answers = answersOf(part)
  return html`<dl class="answered">
    ${questionsOf(part).map(({ text, options }, index) => {
      const chosen = answers[index] ?? []
      const words = chosen.filter((answer) => !options.includes(answer))
      return html`<dt dir="auto">${text}</dt>
        <dd>
          <ul>
            ${[...options, ...words].map((label) => choice(label, chosen.includes(label)))}
          </ul>
          ${chosen.length === 0 && html`<p class="kept">${whyNone(part)}</p>`}
        </dd>`
    })}
  </dl>`
}

function choice(label: string, isChosen: boolean): Html {
  return html`<li data-chosen="${String(isChosen)}" dir="auto">
    ${isChosen && html`<span class="visually-hidden">Chosen:</span>`} ${label}
  </li>`
}

function whyNone({ status }: ToolPart): string {
  return status === 'running' || status === 'pending' ? 'Not answered yet.' : 'Not answered.'
}

function answersOf({ asks, metadata }: ToolPart): readonly (readonly string[])[] {
  const ask = asks.find(({ kind }) => kind === 'question')
  if (ask?.kind === 'question' && ask.answers.length > 0) return ask.answers
  const told = metadata?.['answers']
  if (!Array.isArray(told)) return []
  return told.map((each: unknown) =>
    (Array.isArray(each) ? each : []).filter((label): label is string => typeof label === 'string'),
  )
}
