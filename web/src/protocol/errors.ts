/** Exceptions of the protocol core. The peer's misbehaviour and our own bugs are different types. */

/** Base of both; `code` is a stable word for logs, records and the list of messages shown to people. */
export class ProtocolError extends Error {
  constructor(
    readonly code: string,
    readonly detail = '',
  ) {
    super(detail === '' ? code : `${code}: ${detail}`)
    this.name = new.target.name
  }
}

/** The peer sent what the protocol forbids. The link must be closed; nothing of the message was acted on. */
export class RemoteProtocolError extends ProtocolError {}

/** Our own code asked for something that the protocol forbids: a bug on this side. */
export class LocalProtocolError extends ProtocolError {}
