import { ask, type ToolStep } from '@turnstead/testkit'

/** What the scripted agents ask, so that an open question can be seen. */
export const placeQuestion: ToolStep = ask.question({
  question: 'Where will you read the answer?',
  header: 'Place',
  options: [
    { label: 'At a desk', description: 'It may be long' },
    { label: 'On a phone', description: 'Better short' },
  ],
})
