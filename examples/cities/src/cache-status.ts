/** What the replies of Express and of Fastify have in common. */
export interface Reply {
  header(name: string, value: string): unknown;
}

/** Tells by the header of RFC 9211 whether the memory of this process has the answer. `curl -i` shows it. */
export function tellCacheStatus(reply: Reply, remembered: boolean): void {
  reply.header('Cache-Status', `memory; ${remembered ? 'hit' : 'fwd=miss'}`);
}
