import { expect } from 'chai'
import { describe, it } from 'mocha'

import { createRoutes } from '../src/events/routes.js'

describe('createRoutes', () => {
  it('finds who has come since the session was last looked up', () => {
    const routes = createRoutes<string>()
    expect([...routes.followersOf('ses_1')]).to.deep.equal([])
    routes.follow('anna', 'ses_1', true)
    expect([...routes.followersOf('ses_1')]).to.deep.equal(['anna'])
    routes.follow('ben', 'ses_1', true)
    expect([...routes.followersOf('ses_1')]).to.deep.equal(['anna', 'ben'])
  })

  it('forgets who has left since the session was last looked up', () => {
    const routes = createRoutes<string>()
    routes.follow('anna', 'ses_1', true)
    routes.follow('ben', 'ses_1', true)
    expect([...routes.followersOf('ses_1')]).to.deep.equal(['anna', 'ben'])
    routes.leave('anna')
    expect([...routes.followersOf('ses_1')]).to.deep.equal(['ben'])
    routes.leave('ben')
    expect([...routes.followersOf('ses_1')]).to.deep.equal([])
    routes.follow('anna', 'ses_1', true)
    expect([...routes.followersOf('ses_1')]).to.deep.equal(['anna'])
  })

  it('gives nobody the events of a session without a name', () => {
    const routes = createRoutes<string>()
    routes.follow('anna', 'ses_1', true)
    expect([...routes.followersOf('ses_1')]).to.deep.equal(['anna'])
    routes.follow('ben', 'ses_2', true)
    expect([...routes.followersOf('')]).to.deep.equal([])
  })

  it('lists a follower of everything once, also when it follows a session', () => {
    const routes = createRoutes<string>()
    routes.followAll('anna')
    routes.follow('anna', 'ses_1', true)
    expect([...routes.followersOfAll(), ...routes.followersOf('ses_1')]).to.deep.equal(['anna'])
  })
})
