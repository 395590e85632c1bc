import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';

/** A response as it came over HTTP/2. */
export interface Http2Reply {
  readonly headers: IncomingHttpHeaders;
  readonly status: unknown;
  readonly text: string;
}

/** Sends one request over a connection. */
export function askHttp2(
  connection: ClientHttp2Session,
  path: string,
  headers: Record<string, string> = {},
): Promise<Http2Reply> {
  return new Promise((resolve, reject) => {
    const stream = connection.request({ ':path': path, ...headers });
    let head: IncomingHttpHeaders = {};
    let text = '';
    stream.setEncoding('utf8');
    stream.on('response', (fields) => {
      head = fields;
    });
    stream.on('data', (chunk: string) => {
      text += chunk;
    });
    stream.on('error', reject);
    stream.on('end', () => resolve({ headers: head, status: head[':status'], text }));
    stream.end();
  });
}
