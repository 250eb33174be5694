import type { Model } from 'objection'

/** A base class with the members that a mixin adds; its own statics stay. */
export type WithMembers<Base extends typeof Model, Members> = Omit<Base, 'prototype'> & {
  /** Objection makes instances without arguments. */
  new (): InstanceType<Base> & Members
  /** As of the base class. */
  readonly prototype: InstanceType<Base> & Members
}
