import { serve } from '@hono/node-server'
import { createMemoryStore, type Notifier } from '@turnstead/turn'
import { createTurnRoutes, toNodeListener, type TurnRoutes } from '@turnstead/turn/http'
import { expect } from 'chai'
import compression from 'compression'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, describe, it } from 'mocha'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { readEvents } from './support/read-events.js'

const express4 = createRequire(import.meta.url)('express-4') as typeof express

/** All the ways in which the routes are mounted below `/app/agent`. */
const mounts: Readonly<Record<string, (routes: TurnRoutes) => Promise<Server>>> = {
  'node:http': async (routes) => createServer(toNodeListener(routes)).listen(0, '127.0.0.1'),
  'Express 5': async (routes) =>
    express().use(toNodeListener(routes)).use(theirs).listen(0, '127.0.0.1'),
  'Express 4': async (routes) =>
    express4().use(toNodeListener(routes)).use(theirs).listen(0, '127.0.0.1'),
  'Express 5, in a router, after its parser': async (routes) => {
    const router = express.Router().use('/agent', toNodeListener(routes))
    return express().use(express.json()).use('/app', router).use(theirs).listen(0, '127.0.0.1')
  },
  'Express 4, after its parser and compression': async (routes) => {
    const app = express4()
      .use(compression({ threshold: 0 }))
      .use(express4.json())
    return app.use('/app', toNodeListener(routes)).use(theirs).listen(0, '127.0.0.1')
  },
  'Fastify, in a hook': async (routes) => {
    const app = fastify({ forceCloseConnections: true })
    const answer = toNodeListener(routes)
    app.addHook('onRequest', ({ raw }, reply, next) => void answer(raw, reply.raw, next))
    app.post('/theirs', async ({ body }) => body)
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
  'Fastify, as a route': async (routes) => {
    const app = fastify({ forceCloseConnections: true })
    const answer = toNodeListener(routes)
    app.post('/theirs', async ({ body }) => body)
    app.register(async (agent) => {
      agent.removeAllContentTypeParsers()
      agent.addContentTypeParser('*', (_request, _body, done) => done(null))
      agent.all('/app/agent/*', async (request, reply) => {
        reply.hijack()
        await answer(request.raw, reply.raw)
      })
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
  'Hono, as a middleware': async (routes) => {
    const app = new Hono()
    app.use(async ({ req }, next) => (await routes(req.raw)) ?? next())
    app.post('/theirs', async ({ req, json }) => json(await req.json()))
    return serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
  },
  'Hono, as a route': async (routes) => {
    const app = new Hono()
    app.all('/app/agent/*', async ({ req, notFound }) => (await routes(req.raw)) ?? notFound())
    app.post('/theirs', async ({ req, json }) => json(await req.json()))
    return serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
  },
}

/** A route of the host's own behind ours, with a body. */
const theirs: express.RequestHandler = async (request, response) => {
  if (request.path !== '/theirs') return void response.sendStatus(404)
  let text = ''
  if (request.body === undefined) for await (const chunk of request) text += String(chunk)
  response.send(request.body === undefined ? text : JSON.stringify(request.body))
}

for (const [name, mount] of Object.entries(mounts)) {
  describe(`the routes of turns on ${name}`, () => {
    const servers: Server[] = []
    afterEach(async () => {
      for (const server of servers.splice(0)) {
        server.closeAllConnections()
        await new Promise((closed) => server.close(closed))
      }
    })

    /** What listens to a turn, and who hears when no one does any more. */
    function countListeners(): {
      notifier: Notifier
      none: () => Promise<void>
      count: () => number
    } {
      let count = 0
      let told: () => void = () => undefined
      const notifier: Notifier = {
        notify: async () => undefined,
        listen: async () => {
          count += 1
          return () => {
            count -= 1
            if (count === 0) told()
          }
        },
      }
      const none = (): Promise<void> =>
        count === 0 ? Promise.resolve() : new Promise((resolve) => (told = resolve))
      return { notifier, none, count: () => count }
    }

    it('start, stream, let go, refuse, and leave the rest to the host', async () => {
      const store = createMemoryStore()
      const { notifier, none, count } = countListeners()
      const problems: unknown[] = []
      const routes = createTurnRoutes({
        prefix: '/app/agent',
        store,
        notifier,
        authorize: ({ request }) => request.headers.has('x-user') && { userId: 7 },
        begin: async ({ text }) => {
          store.addTurn({ conversationId: 1, turnId: text })
          return text
        },
        pollMs: 20,
        maxBodyBytes: 50_000,
        onError: (error) => problems.push(error),
      })
      const server = await mount(routes)
      servers.push(server)
      if (!server.listening) await once(server, 'listening')
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const at = `${origin}/app/agent`
      const headers = { 'x-user': '7', 'content-type': 'application/json' }
      const post = (url: string, body: string, more: object = {}): Promise<Response> =>
        fetch(url, { method: 'POST', headers: { ...headers, ...more }, body })

      const start = `${at}/conversations/1/turns`
      const started = await post(start, '{"text":"one"}')
      expect([started.status, await started.json()]).to.deep.equal([
        201,
        { turnId: 'one', delivery: null },
      ])

      const events = `${at}/turns/one/events`
      const leave = new AbortController()
      const accepts = { ...headers, 'accept-encoding': 'gzip' }
      const stream = await fetch(events, { headers: accepts, signal: leave.signal })
      expect(stream.headers.get('content-encoding')).to.equal(null)
      expect(stream.headers.get('content-type')).to.match(/^text\/event-stream/)
      const first = await readEvents(stream).next()
      expect(first.value).to.include({ event: 'snapshot' })
      expect(count()).to.be.above(0)
      leave.abort()
      await none()

      const open = await fetch(events, { headers })
      expect(await (await post(`${at}/turns/one/stop`, '{}')).json()).to.deep.equal({
        stopped: true,
      })
      let last = ''
      for await (const { event } of readEvents(open)) last = event
      expect(last).to.equal('end')
      await none()

      const head = await fetch(events, { method: 'HEAD', headers })
      expect([head.status, await head.text()]).to.deep.equal([200, ''])
      expect((await fetch(events)).status).to.equal(404)
      expect((await post(start, '{"text":"x"}', { 'content-type': 'text/plain' })).status).to.equal(
        415,
      )
      expect((await post(start, `{"text":"${'x'.repeat(60_000)}"}`)).status).to.equal(413)
      expect((await fetch(`${at}/turns/one/else`, { headers })).status).to.equal(404)
      if (name !== 'node:http') {
        expect(await (await post(`${origin}/theirs`, '{"a":1}')).text()).to.equal('{"a":1}')
      }
      expect(problems).to.deep.equal([])
    })
  })
}
