import { reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { createTask } from '../src/opencode-task.js'
import { majors } from './support/majors.js'
import { openRig, type Rig } from './support/rig.js'

describe('the loops of the AI SDK', () => {
  let rig: Rig
  afterEach(() => rig[Symbol.asyncDispose]())

  for (const { name, ai, createModel } of majors.filter((major) => major.name !== '5')) {
    it(`ask a person first, with \`needsApproval\` (version ${name})`, async () => {
      rig = await openRig(reply(text('It is done.')))
      const outer = createModel([[{ id: 'call-1', input: { prompt: 'Delete all' } }], 'Done.'])
      const common = {
        model: outer.model,
        stopWhen: ai.stepCountIs(3),
        tools: {
          code: createTask(ai, {
            client: rig.client,
            needsApproval: ({ prompt }) => prompt.includes('Delete'),
          }),
        },
      }
      const user = { role: 'user', content: 'Please' } as const
      const asked = await ai.generateText({ ...common, messages: [user] })
      expect(await rig.userMessages()).to.equal(0)
      const request = asked.content.find(({ type }) => type === 'tool-approval-request')
      if (request?.type !== 'tool-approval-request') throw new Error('no approval was asked for')
      const { approvalId } = request
      const answer = { type: 'tool-approval-response', approvalId, approved: true } as const
      const answered = [
        user,
        ...asked.response.messages,
        { role: 'tool' as const, content: [answer] },
      ]
      const after = await ai.generateText({ ...common, messages: answered })
      expect(after.text).to.equal('Done.')
      expect(await rig.userMessages()).to.equal(1)
    })

    it(`are those of a \`ToolLoopAgent\` (version ${name})`, async () => {
      rig = await openRig(reply(text('It is done.')))
      const outer = createModel([[{ id: 'call-1', input: { prompt: 'Do it' } }], 'Done.'])
      const agent = new ai.ToolLoopAgent({
        model: outer.model,
        tools: { code: createTask(ai, { client: rig.client }) },
      })
      const { text: words, steps } = await agent.generate({ prompt: 'Please' })
      expect(words).to.equal('Done.')
      expect(steps[0]?.toolResults[0]?.output).to.include({ status: 'complete' })
    })
  }
})
