import { finish, reply, text } from '../../../src/script/builder.js'
import { on } from '../../../src/script/scenario.js'
import { tool } from '../../../src/script/tools.js'
import type { Client } from '../../client.js'
import type { ConformanceScenario } from '../../scenario.js'

/** Command lines as models write them. */
const lines: readonly string[] = [
  'npm run build',
  'cat seed.txt | grep a > out.txt',
  'cd sub && npm test -- --grep "a b" || exit 1',
  'FOO=1 node x.js --flag',
  'docker compose up -d',
  'for i in 1 2; do echo $i > x; done',
  'echo $(date) `pwd` "$(ls -la)"',
  'git commit -m "$(cat <<\'EOF\'\nmsg\nEOF\n)"',
  'cat > f.txt <<EOF\nhello $(whoami)\nEOF\nls',
  'git add -A && git commit -m "x y" && git push',
  'if [ -f x ]; then cat x; else touch y; fi',
  'python3 -c "print(1)" 2>&1 | tail -n 5',
  'case "$1" in\n  start)\n    a x\n    ;;\n  *) b ;;\nesac',
  'find . -name "*.ts" -exec grep -l x {} \\; | xargs rm',
  'function f { ls; }; f',
  '(cd sub && make -j4); echo done',
  'export A=1; ./run.sh $A',
  'sudo apt-get install -y x &',
  '! test -f x && echo no',
  'kubectl rollout status deploy/x -n y',
]

const outside: readonly string[] = [
  'cat /etc/hostname',
  'cd /tmp && pwd',
  'rm -rf /opt/zz "/var/x y/z" $HOME/r *.txt /etc/*.conf',
  'cp seed.txt /usr/share/x && mv /usr/a b',
  'cd /opt; cd sub; ls .',
]

async function refuseAll(client: Client, count: number): Promise<void> {
  const id = await client.session()
  await client.prompt(id, 'go')
  for (let asked = 0; asked < count; asked += 1) {
    const { properties } = await client.event('permission.asked')
    const message = `not ${asked}`
    await client.send('POST', `/permission/${String(properties['id'])}/reply`, {
      reply: 'reject',
      message,
    })
  }
  await client.idle(id)
  await client.send('GET', `/session/${id}/message`)
}

/** What commands ask for, and how their calls end. */
export const shellScenarios: readonly ConformanceScenario[] = [
  {
    name: 'commands of every kind ask',
    config: { permission: { bash: 'ask' } },
    answers: reply(
      ...lines.flatMap((command) => [tool.bash({ command }, { output: '' }), text('Next.')]),
    ),
    run: (client) => refuseAll(client, lines.length),
  },
  {
    name: 'commands that leave the directory ask by themselves',
    answers: reply(
      ...outside.flatMap((command) => [tool.bash({ command }, { output: '' }), text('Next.')]),
    ),
    run: (client) => refuseAll(client, outside.length),
  },
  {
    name: 'commands of which one part is denied',
    config: { permission: { bash: { '*': 'allow', 'git *': 'allow', 'git push *': 'deny' } } },
    answers: reply(
      tool.bash({ command: 'true && git push x' }, { output: '' }),
      text('Next.'),
      tool.bash({ command: 'true' }, { output: '' }),
      text('Done.'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'abort while a command and a write wait for a person',
    config: { permission: { bash: 'ask', edit: 'ask' } },
    leavesTraces: true,
    answers: reply(
      tool.bash({ command: 'echo a' }, { output: 'a\n' }),
      tool.write({ filePath: 'n.txt', content: 'n' }),
      text('Done.'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.event('permission.asked')
      await client.event('permission.asked')
      await client.quiet()
      await client.send('POST', `/session/${id}/abort`)
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'a refusal with an empty message, and an answer for another session',
    config: { permission: { bash: 'ask' } },
    leavesTraces: true,
    answers: reply(tool.bash({ command: 'echo a' }, { output: 'a\n' }), text('Done.')),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      const { properties } = await client.event('permission.asked')
      await client.quiet()
      const request = String(properties['id'])
      const unknown = `/session/ses_000000000000AAAAAAAAAAAAAA/permissions/${request}`
      await client.send('POST', unknown, { response: 'once' })
      await client.send('POST', `/permission/${request}/reply`, { reply: 'reject', message: '' })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'tools before another end than that of tools',
    answers: [
      on(
        'one',
        reply(tool.bash({ command: 'echo 2' }, { output: '2\n' }), finish('length'), text('b')),
      ),
      on(
        'two',
        reply(tool.bash({ command: 'echo 3' }, { output: '3\n' }), finish('stop'), text('c')),
      ),
    ],
    async run(client) {
      const id = await client.session()
      for (const prompt of ['one', 'two']) {
        await client.prompt(id, prompt)
        await client.idle(id)
      }
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'a shell after a revert',
    answers: reply(text('ok')),
    async run(client) {
      const id = await client.session()
      await client.send('POST', `/session/${id}/shell`, {
        agent: 'build',
        command: `echo "hello  there"  you 'and me'`,
      })
      await client.quiet()
      const prompt = { parts: [{ type: 'text', text: 'what' }] }
      await client.send('POST', `/session/${id}/message`, prompt)
      await client.quiet()
      const { body } = await client.send('GET', `/session/${id}/message`)
      const [first] = body as { info: { id: string } }[]
      await client.send('POST', `/session/${id}/revert`, { messageID: first?.info.id })
      await client.quiet()
      await client.send('POST', `/session/${id}/shell`, { agent: 'build', command: 'echo again' })
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
      await client.send('GET', `/session/${id}`)
    },
  },
]
