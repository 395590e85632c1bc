/**
 * What an error means for the connection it came over.
 *
 * `command`: Redis serves and refused this command. `unavailable`: Redis answers but cannot serve now. `denied`: it will
 * not serve this client until someone changes a setting. `read-only`: the node is no primary (any more).
 * `transport`: no reply of Redis at all.
 */
export type ErrorKind = 'command' | 'unavailable' | 'denied' | 'read-only' | 'transport';

const REPLY = /^[A-Z][A-Z0-9_]+(?: |$)/;
const KINDS: ReadonlyMap<string, ErrorKind> = new Map([
  ['LOADING', 'unavailable'],
  ['BUSY', 'unavailable'],
  ['MASTERDOWN', 'unavailable'],
  ['CLUSTERDOWN', 'unavailable'],
  ['NOAUTH', 'denied'],
  ['WRONGPASS', 'denied'],
  ['DENIED', 'denied'],
  ['READONLY', 'read-only'],
]);

/** Tells what an error of a command means. Redis gives its errors no code: the first word of the message is all there is. */
export function kindOf(error: Error): ErrorKind {
  const { message } = error;
  if ('code' in error || !REPLY.test(message)) return 'transport';
  const space = message.indexOf(' ');
  return KINDS.get(space === -1 ? message : message.slice(0, space)) ?? 'command';
}

const DENIAL =
  /^(?:WRONGPASS|NOAUTH|NOPERM|DENIED) |^ERR (?:DB index|invalid DB index|AUTH |Client sent AUTH)/;
const CERTIFICATE =
  /^(?:CERT_|ERR_SSL_|ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA)/;

/**
 * Whether trying again soon is pointless: wrong credentials, a missing permission, a database index that does not exist,
 * a certificate that is not accepted. Somebody has to change a setting first.
 */
export function isDenial(error: Error): boolean {
  if (DENIAL.test(error.message)) return true;
  return 'code' in error && typeof error.code === 'string' && CERTIFICATE.test(error.code);
}

/** The reason in short, for logs and messages. */
export function reasonOf(error: Error): string {
  const inner =
    error instanceof AggregateError ? (error.errors.find((one) => one instanceof Error) as Error) : undefined;
  if (inner !== undefined) return reasonOf(inner);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.message || code || error.name;
}
