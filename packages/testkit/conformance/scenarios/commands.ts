import { reply, text } from '../../src/script/builder.js'
import { always, on } from '../../src/script/scenario.js'
import type { Client } from '../client.js'
import type { ConformanceScenario } from '../scenario.js'

const config = {
  command: {
    hello: { template: 'Greet $1 and then say: $ARGUMENTS', description: 'Greets' },
    pair: { template: 'First $1, rest $2.', agent: 'plan', model: 'scripted/small' },
    plain: { template: 'Without any place.' },
    sub: { template: 'sub $ARGUMENTS', subtask: true, agent: 'general' },
  },
}

function running(
  name: string,
  body: Readonly<Record<string, unknown>>,
  answers: ConformanceScenario['answers'] = always(/./u, reply(text('Hello!'))),
): ConformanceScenario {
  return {
    name: `the command ${name}`,
    config,
    ...(answers === undefined ? {} : { answers }),
    async run(client) {
      const id = await client.session()
      await client.send('POST', `/session/${id}/command`, body)
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
      await client.send('GET', `/session/${id}/children`)
    },
  }
}

const messageID = 'msg_1f8e7f3a7000HHHHHHHHHHHHHH'

async function initial(client: Client, body: Record<string, unknown>): Promise<void> {
  const id = await client.session()
  await client.send('POST', `/session/${id}/init`, body)
  await client.quiet()
  const { body: list } = await client.send('GET', `/session/${id}/message`, undefined, {
    quiet: true,
  })
  const shown = (Array.isArray(list) ? list : []).map(
    (each: { info: { role: string } }) => each.info.role,
  )
  await client.send('GET', `/session/status?was=${shown.join('-')}`)
}

/** Commands, and what makes a session shorter. */
export const commandScenarios: readonly ConformanceScenario[] = [
  running('with arguments in quotes', { command: 'hello', arguments: 'Ada "Lovelace B"' }),
  running('without arguments', { command: 'hello', arguments: '' }),
  running('with an id, an agent and a model', {
    command: 'hello',
    arguments: 'x',
    messageID,
    agent: 'plan',
    model: 'scripted/small',
  }),
  running('with its own agent and model', { command: 'pair', arguments: "one 'two three' four" }),
  running('without a place for its arguments', { command: 'plain', arguments: 'extra words' }),
  running('with a file', {
    command: 'plain',
    arguments: '',
    parts: [{ type: 'file', mime: 'text/plain', url: 'data:text/plain,hi', filename: 'a.txt' }],
  }),
  running('as a subtask', { command: 'sub', arguments: 'x' }, [
    on('sub x', reply(text('from the sub-agent'))),
    always(/./u, reply(text('first'), text('after'))),
  ]),
  running('with an unknown agent', { command: 'hello', arguments: '', agent: 'nobody' }),
  running('with an unknown model', { command: 'hello', arguments: '', model: 'scripted/none' }),
  {
    name: 'commands that there are',
    config,
    async run(client) {
      await client.send('GET', '/command')
    },
  },
  {
    name: 'init',
    answers: always(/./u, reply(text('initialised'))),
    run: (client) => initial(client, { providerID: 'scripted', modelID: 'standard', messageID }),
  },
  {
    name: 'init with an unknown model',
    answers: always(/./u, reply(text('initialised'))),
    run: (client) => initial(client, { providerID: 'x', modelID: 'y', messageID }),
  },
]
