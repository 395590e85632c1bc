import { request, type IncomingHttpHeaders } from 'node:http';

/** A response as it came over the wire. */
export interface RawReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Names and values as they were written. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly text: string;
}

/** Sends one request over a connection of its own. The path goes out as it is written. */
export function send(
  base: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<RawReply> {
  const { hostname, port } = new URL(base);
  const { method = 'GET', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent: false }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('error', reject);
      reply.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const { statusCode = 0, headers: fields, rawHeaders } = reply;
        resolve({
          status: statusCode,
          headers: fields,
          rawHeaders,
          body: bytes,
          text: bytes.toString('utf8'),
        });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The fields of a reply as they were written, without what differs from one response to the next. */
export function comparable({ rawHeaders }: RawReply): string[] {
  const fields: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.toLowerCase() !== 'date') fields.push(`${name}: ${rawHeaders[at + 1]}`);
  }
  return fields.toSorted();
}
