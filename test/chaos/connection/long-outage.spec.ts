import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { eventually } from '../../support/eventually.js';
import { CLIENTS, make } from './harness.js';

describe.each(CLIENTS)('a long outage on %s', (_, client) => {
  it('holds nothing of the tries to connect that are over', async () => {
    let tries = 0;
    const server = createServer((socket) => {
      tries += 1;
      socket.destroy();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const warnings: Error[] = [];
    const warned = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', warned);
    onTestFinished(() => void process.off('warning', warned));

    const clock = new FakeClock();
    const { port } = server.address() as AddressInfo;
    const { connection } = make(`redis://127.0.0.1:${port}`, { client, clock });
    const started = connection.start();
    for (let wanted = 1; wanted <= 25; wanted++) {
      await eventually(() => {
        clock.advance(1_000);
        expect(tries).toBeGreaterThanOrEqual(wanted);
      });
    }
    await started;
    expect(warnings.filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([]);
  });
});
