import type { Ask, Question } from '@turnstead/reply'
import type { AskDecision } from '@turnstead/turn'
import { type FormEvent, type ReactNode, useId, useState } from 'react'

interface AskFormProps {
  readonly ask: Ask
  readonly onDecide: (decision: AskDecision) => Promise<void>
}

/** What the agent waits for; the form stays until the run says that it is answered. */
export function AskForm({ ask, onDecide }: AskFormProps): ReactNode {
  const title = useId()
  const [isSent, setSent] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const decide = async (decision: AskDecision): Promise<void> => {
    setSent(true)
    setProblem(null)
    try {
      await onDecide(decision)
    } catch (error) {
      setSent(false)
      setProblem(error instanceof Error ? error.message : String(error))
    }
  }
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const decision = decisionOf(ask, new FormData(event.currentTarget))
    if (decision === null) setProblem('Choose an answer first.')
    else void decide(decision)
  }
  return (
    <form className="ask" aria-labelledby={title} onSubmit={submit}>
      <h3 id={title}>{titleOf(ask)}</h3>
      {ask.kind === 'permission'
        ? ask.patterns.map((pattern) => <pre key={pattern}>{pattern}</pre>)
        : ask.questions.map((question, index) => (
            <QuestionFields key={question.text} question={question} name={`${index}`} />
          ))}
      {problem !== null && <p role="alert">{problem}</p>}
      <button type="submit" disabled={isSent}>
        {ask.kind === 'permission' ? 'Allow once' : 'Answer'}
      </button>{' '}
      <button type="button" disabled={isSent} onClick={() => void decide({ action: 'reject' })}>
        {ask.kind === 'permission' ? 'Refuse' : 'Do not answer'}
      </button>
    </form>
  )
}

function QuestionFields({ question, name }: { question: Question; name: string }): ReactNode {
  const { custom, multiple, options, text } = question
  return (
    <fieldset>
      <legend>{text}</legend>
      {options.map(({ description, label }) => (
        <label key={label}>
          <input type={multiple ? 'checkbox' : 'radio'} name={name} value={label} /> {label}{' '}
          <span className="faint">{description}</span>
        </label>
      ))}
      {custom && (
        <label>
          In your own words <input name={`${name} words`} autoComplete="off" />
        </label>
      )}
    </fieldset>
  )
}

function titleOf(ask: Ask): string {
  if (ask.kind === 'question') return 'The agent has a question'
  return `The agent asks for permission: ${ask.permission}`
}

function decisionOf(ask: Ask, form: FormData): AskDecision | null {
  if (ask.kind === 'permission') return { action: 'allow' }
  const answers = ask.questions.map((_question, index) =>
    [...form.getAll(`${index}`), form.get(`${index} words`)].flatMap((value) =>
      typeof value === 'string' && value.trim() !== '' ? [value.trim()] : [],
    ),
  )
  return answers.some((labels) => labels.length === 0) ? null : { action: 'answer', answers }
}
