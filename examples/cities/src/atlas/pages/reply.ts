/** What the replies of Express and of Fastify have in common. */
export interface Reply {
  status(code: number): unknown;
  header(name: string, value: string): unknown;
}

/** Sends the browser on, to ask for another page by GET: so that nobody sends a form twice by reloading. */
export function seeOther(reply: Reply, path: string): string {
  reply.status(303);
  reply.header('Location', path);
  return '';
}
