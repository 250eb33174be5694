import { expect } from 'chai'
import { describe, it } from 'mocha'

import { createRoutes } from '../src/events/routes.js'
import { tailKeyOf } from '../src/events/tail-key.js'

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

  it('does not take a session for unfollowed because one with the same tail is', () => {
    const routes = createRoutes<string>()
    routes.follow('anna', 'ses_1same', true)
    routes.follow('ben', 'ses_2same', true)
    routes.leave('anna')
    expect(routes.mayBeFollowed(tailKeyOf('ses_2same'))).to.equal(true)
    routes.leave('ben')
    expect(routes.mayBeFollowed(tailKeyOf('ses_2same'))).to.equal(false)
  })

  it('gives no one the events of a session without a name', () => {
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
