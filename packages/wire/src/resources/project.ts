import type { BodyFor, CallOptions, ResponseOf } from '../operation-types.js'
import type { Request } from '../http/request.js'

/** A project: all directories of one repository. */
export type Project = ResponseOf<'GET', '/project/current'>

/** Projects that the server knows. */
export interface ProjectResource {
  /** All of them. */
  list(options?: CallOptions): Promise<Project[]>
  /** The one of the client's directory; `global` outside of git. */
  current(options?: CallOptions): Promise<Project>
  /** Changes name, icon or commands. */
  update(
    projectId: string,
    patch: BodyFor<'PATCH', '/project/{projectID}'>,
    options?: CallOptions,
  ): Promise<Project>
}

export function createProjectResource(request: Request): ProjectResource {
  return {
    list: (options) => request('GET', '/project', options),
    current: (options) => request('GET', '/project/current', options),
    update: (projectID, body, options) =>
      request('PATCH', '/project/{projectID}', { ...options, params: { projectID }, body }),
  }
}
