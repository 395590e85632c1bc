// A process that serves sessions: one server for each of the sessions that it is given. Its handlers wait at gates that are
// opened from outside, and it says who has come there.
import type { Platform } from '../../e2e/session/session-app.js';
import { Gates } from './gates.js';
import { startServer, type RunningServer, type ServerSessions } from './session-server.js';

const [platform, redis = '', sessions = '[]'] = process.argv.slice(2);

const say = (message: object): void => void process.send?.(message);

const gates = new Gates((held) => say({ held }));
const servers: RunningServer[] = [];
for (const session of JSON.parse(sessions) as ServerSessions[]) {
  servers.push(await startServer({ platform: platform as Platform, redis, session, gates }));
}

process.on('message', ({ open, close }: { open?: string; close?: true }) => {
  if (open !== undefined) {
    gates.open(open);
    // Behind what the handlers do at once.
    setImmediate(() => say({ opened: open }));
  }
  if (close !== true) return;
  const closing = Promise.all(servers.map((server) => server.close()));
  say({ closing: true });
  void closing.then(() => {
    say({ closed: true });
    // What still is open keeps the process alive now.
    process.off('disconnect', exit);
    process.disconnect();
  });
});
// So that a test which fails leaves no process behind.
const exit = (): never => process.exit(3);
process.on('disconnect', exit);
say({ urls: servers.map(({ url }) => url) });
