import {
  headState,
  isHttp1,
  resetHead,
  settleHead,
  type HeadState,
  type NodeResponse,
} from './node-response.js';
import { drop, put, WRITERS, type Writer } from './dropped-writes.js';
import { hasFields, setSessionFields, type SessionHead } from './session-fields.js';

/** What a response waits for before its head goes out. */
export interface HeadGate {
  /** Asked as the head is about to go out. `undefined` = go on at once. */
  open(): Promise<void> | undefined;
  /** What is added to the head. Asked once, after that. */
  head(): SessionHead;
  /** Answers in the place of the handler, on a response that is as it was before. Not called where somebody else does. */
  refuse(error: unknown): void;
}

type Method = (...args: unknown[]) => unknown;

/** Holds a response until its gate opens. */
export function holdResponse(response: NodeResponse, gate: HeadGate): void {
  // What socket.io's engine gives middleware for an upgrade keeps no head, and sends none of ours.
  if (typeof response.getHeaders !== 'function') return;
  // oxlint-disable-next-line no-new -- it stands in the response from here on
  new ResponseHold(response, gate);
}

/**
 * A response that is held until its gate opens. What is written meanwhile is kept in its order, with its callbacks: who writes is
 * told that the head was sent, and to wait for `drain`. If the gate does not open, all that is dropped, and so is what the
 * handler and those behind it still write.
 */
class ResponseHold {
  readonly #response: NodeResponse;
  readonly #gate: HeadGate;
  readonly #before: HeadState;
  readonly #inner: Partial<Record<Writer, Method>> = {};
  readonly #sources: { unpipe?: (from: object) => unknown; destroy?: () => unknown }[] = [];
  #state: 'waiting' | 'held' | 'doomed' | 'open' | 'refused' = 'waiting';
  #error: unknown;
  #kept: { readonly name: Writer; readonly args: unknown[] }[] = [];
  #givenStatus: number | undefined;
  #isDressed = false;

  constructor(response: NodeResponse, gate: HeadGate) {
    this.#response = response;
    this.#gate = gate;
    this.#before = headState(response);
    const methods = response as unknown as Record<Writer, Method | undefined>;
    for (const name of WRITERS) {
      const method = methods[name];
      // Those of a handshake for a web socket have not all of them.
      if (typeof method !== 'function') continue;
      this.#inner[name] = method;
      methods[name] = (...args) => this.#call(name, args);
    }
    if (typeof response.on === 'function')
      response.on('pipe', (source: object) => this.#sources.push(source));
  }

  #call(name: Writer, args: unknown[]): unknown {
    if (this.#state === 'open') return this.#pass(name, args);
    if (this.#state === 'refused') return drop(this.#response, name, args);
    if (this.#state === 'waiting') {
      const pending = this.#gate.open();
      this.#state = pending === undefined ? 'open' : 'held';
      if (pending === undefined) return this.#pass(name, args);
      pending.then(
        () => this.#release(),
        (error: unknown) => this.#refuse(error),
      );
    }
    const result = this.#keep(name, args);
    if (this.#state === 'doomed') this.#refuse(this.#error);
    return result;
  }

  #pass(name: Writer, args: unknown[]): unknown {
    const passed = name === 'writeHead' && !this.#isDressed ? this.#dress(args) : args;
    return this.#inner[name]?.apply(this.#response, passed);
  }

  #dress(args: unknown[]): unknown[] {
    this.#isDressed = true;
    const head = this.#gate.head();
    if (!hasFields(head)) return args;
    const rest = settleHead(this.#response, args);
    setSessionFields(this.#response, Number(args[0]), head);
    return rest;
  }

  #keep(name: Writer, args: unknown[]): unknown {
    // As Node does, and at once: who writes is not there any more when it goes out.
    if (!isTaken(name, args[0])) throw notTaken(name);
    if (name === 'writeHead' && this.#givenStatus !== undefined) throw headersSent();
    if (this.#givenStatus === undefined) {
      const kept = name === 'writeHead' ? settleHead(this.#response, args) : args;
      this.#kept.push({ name, args: kept });
      this.#giveHead(name === 'writeHead' ? Number(args[0]) : this.#response.statusCode);
    } else {
      this.#kept.push({ name, args });
    }
    if (name === 'end') put(this.#response, 'writableEnded', true);
    return name === 'write' ? false : this.#response;
  }

  /** From here on the head counts as sent for everybody else. */
  #giveHead(status: number): void {
    this.#response.statusCode = status;
    this.#givenStatus = status;
    // Node's own check of HTTP/1, which all methods for fields look at.
    if (isHttp1(this.#response)) Reflect.set(this.#response, '_header', 'held');
    else put(this.#response, 'headersSent', true);
  }

  #takeHeadBack(): void {
    if (isHttp1(this.#response)) Reflect.set(this.#response, '_header', null);
    else Reflect.deleteProperty(this.#response, 'headersSent');
    Reflect.deleteProperty(this.#response, 'writableEnded');
  }

  #release(): void {
    this.#state = 'open';
    if (this.#givenStatus === undefined) return;
    this.#takeHeadBack();
    this.#response.statusCode = this.#givenStatus;
    try {
      let isDrained: unknown = true;
      for (const { name, args } of this.#kept) {
        const result = this.#pass(name, args);
        if (name === 'write') isDrained = result;
      }
      const names = this.#kept.map(({ name }) => name);
      const isAwaited = names.includes('write') && !names.includes('end');
      if (isAwaited && isDrained !== false) this.#response.emit('drain');
    } catch (error) {
      // Nobody is left who could be told.
      this.#response.destroy(error as Error);
    }
    this.#kept = [];
  }

  #refuse(error: unknown): void {
    this.#error = error;
    this.#state = this.#givenStatus === undefined ? 'doomed' : 'refused';
    if (this.#state === 'doomed') return;
    this.#takeHeadBack();
    for (const { name, args } of this.#kept) drop(this.#response, name, args);
    this.#kept = [];
    for (const source of this.#sources) {
      source.unpipe?.(this.#response);
      this.#response.once('close', () => source.destroy?.());
    }
    resetHead(this.#response, this.#before);
    this.#openAgain();
    try {
      this.#gate.refuse(error);
    } catch (other) {
      this.#response.destroy(other as Error);
    }
  }

  /**
   * Lets somebody else answer, once. The methods are those from before the handler and all that was put over them since:
   * those have seen a head that is void.
   */
  #openAgain(): void {
    let hasEnded = false;
    for (const name of WRITERS) {
      const method = this.#inner[name];
      if (method === undefined) continue;
      put(this.#response, name, (...args: unknown[]) => {
        if (hasEnded) return drop(this.#response, name, args);
        try {
          return method.apply(this.#response, args);
        } finally {
          // Not before: the end writes the head.
          hasEnded ||= name === 'end';
        }
      });
    }
  }
}

function isTaken(name: Writer, first: unknown): boolean {
  const isChunk = typeof first === 'string' || first instanceof Uint8Array;
  if (name === 'write') return isChunk;
  if (name === 'end') return isChunk || first === undefined || first === null || typeof first === 'function';
  return name !== 'writeHead' || (Number(first) >= 100 && Number(first) <= 999);
}

function notTaken(name: Writer): Error {
  if (name !== 'writeHead') {
    const error = new TypeError(
      'The "chunk" argument must be of type string or an instance of Buffer or Uint8Array.',
    );
    return Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' });
  }
  return Object.assign(new RangeError('Invalid status code'), { code: 'ERR_HTTP_INVALID_STATUS_CODE' });
}

function headersSent(): Error {
  return Object.assign(new Error('Cannot write headers after they are sent to the client'), {
    code: 'ERR_HTTP_HEADERS_SENT',
  });
}
