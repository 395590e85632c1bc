/** Whatever sends the head of a response, or what comes after it. */
export const WRITERS = ['writeHead', 'flushHeaders', 'write', 'end'] as const;
export type Writer = (typeof WRITERS)[number];

/** Puts a property of its own on a response. */
export function put(response: object, name: string, value: unknown): void {
  Object.defineProperty(response, name, { value, configurable: true, enumerable: false, writable: true });
}

/** What comes of what is written for nobody: as if the client had left. */
export function drop(response: object, name: Writer, args: readonly unknown[]): unknown {
  const callback = args.findLast((one) => typeof one === 'function') as ((error: Error) => void) | undefined;
  if (callback !== undefined) queueMicrotask(() => callback(dropped()));
  return name === 'write' ? false : response;
}

/** Lets a response count as sent and ended until the returned function is called: what is written meanwhile is dropped. */
export function countAsSent(response: object): () => void {
  const stands: Record<string, unknown> = { headersSent: true, writableEnded: true };
  for (const name of WRITERS) stands[name] = (...args: unknown[]) => drop(response, name, args);
  const before = Object.keys(stands).map(
    (name) => [name, Object.getOwnPropertyDescriptor(response, name)] as const,
  );
  for (const [name, value] of Object.entries(stands)) put(response, name, value);
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(response, name);
      else Object.defineProperty(response, name, descriptor);
    }
  };
}

function dropped(): Error {
  return Object.assign(new Error('The response is another one, or was answered already.'), {
    code: 'ERR_STREAM_DESTROYED',
  });
}
