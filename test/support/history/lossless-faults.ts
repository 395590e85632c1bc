import type { FaultName } from './faults.js';

/** What may go wrong without Redis losing what it has acknowledged, in groups. */
export const LOSSLESS_FAULTS: Readonly<Record<string, readonly FaultName[]>> = {
  'connections fail': [
    'all connections are killed',
    'sockets are cut',
    'nobody can connect',
    'sockets stall',
    'sockets stall longer than they are waited for',
  ],
  'Redis does not answer': ['Redis pauses its clients', 'Redis stands still'],
  'Redis is restarted': ['Redis is killed and comes back with its data'],
  'Redis takes no writes': ['Redis is full', 'Redis is a replica for a while'],
};
