import type { RedisCommand, RedisReply } from '../connection/connection.js';
import { LEASE_TIME, type Claim, type LeaseRequest } from './coherence.js';
import type { RedisEntries } from './redis-entries.js';
import { LET_GO, PAUSED } from './redis-lease-scripts.js';
import { partsOf, tryLease, type LeaseTry, type RedisLease } from './redis-lease.js';
import { runPipeline, scriptCommand, type ScriptCommand } from './redis-pipeline.js';
import { allOf } from './redis-tags.js';
import { completeVersions, readVersions, versionsIn, type Versions } from './redis-versions.js';
import type { StoredEntry } from './store.js';
import type { Look } from './tier.js';

interface Try extends LeaseTry {
  readonly request: LeaseRequest;
}

/** How one key was found. */
interface Answer {
  readonly one: Try;
  /** Whether a barrier stands around the key. */
  readonly barred: boolean;
  /** The token under which the key is loaded; empty = it is not. */
  readonly holder: string;
  /** The bytes of the entry. */
  readonly bytes: RedisReply;
}

/** Commands of one try. */
const COMMANDS = 3;

const BARRED: Claim = Object.freeze({ state: 'barred' });

/**
 * Asks for leases. A lease is won by whoever writes the first token under its key; what stands there of the entry is read
 * behind that, so that a load which ended just before is seen, and the versions behind all, before any loader runs.
 */
export class RedisClaims {
  readonly #entries: RedisEntries;

  constructor(entries: RedisEntries) {
    this.#entries = entries;
  }

  /**
   * As `Coherence.acquire`. One round trip; one more where the generation, the sequence or tags have to be made, or where an
   * entry carries tags that were not named.
   */
  async acquire(requests: readonly LeaseRequest[]): Promise<Claim[]> {
    const tries = requests.map((request) => ({ request, ...tryLease(this.#entries.space, request.key) }));
    const asked = tries.filter((one) => !this.#isUnsettled(one));
    const claims = asked.length === 0 ? [] : await this.#ask(asked);
    const byTry = new Map(asked.map((one, index) => [one, claims[index] as Claim]));
    return tries.map((one) => byTry.get(one) ?? BARRED);
  }

  async #ask(tries: readonly Try[]): Promise<Claim[]> {
    const look = this.#entries.look(tries.map(({ entryKey }) => entryKey));
    try {
      const answers = await this.#claim(tries, look);
      const idle = answers.filter(({ claim, holder, one }) => holder === one.token && claim.state !== 'held');
      this.#letGo(idle.map(({ one }) => one));
      return answers.map(({ claim }) => claim);
    } catch (error) {
      this.#letGo(tries);
      throw error;
    } finally {
      look?.end();
    }
  }

  async #claim(tries: readonly Try[], look: Look | undefined): Promise<(Answer & { claim: Claim })[]> {
    const tags = [...new Set(tries.flatMap(({ request }) => request.tags))];
    const replies = await this.#send(tries, tags);
    const found = versionsIn(this.#entries, tags, replies.pop());
    const answers = answersOf(tries, replies);
    const [entries, versions] = await Promise.all([
      this.#entries.judge({
        keys: tries.map(({ entryKey }) => entryKey),
        replies: answers.map(({ bytes }) => bytes),
        start: 0,
        generations: found.generations,
        versions: found.tags,
        // Whoever asks for a lease has read the entry before.
        quiet: true,
      }),
      completeVersions(this.#entries, found),
    ]);
    const decide = async (answer: Answer, index: number): Promise<Answer & { claim: Claim }> => {
      const entry = entries[index] && (await this.#entries.decode(entries[index], look));
      return { ...answer, claim: this.#decide(answer, entry, versions) };
    };
    return Promise.all(answers.map(decide));
  }

  /** Gives the replies for each try, and last that to `readVersions`. */
  async #send(tries: readonly Try[], tags: readonly string[]): Promise<RedisReply[]> {
    const replies = await this.#entries.shared.connection.pipeline([
      ...tries.flatMap((one) => this.#commandsFor(one)),
      readVersions(this.#entries, tags),
    ]);
    for (const reply of replies) if (reply instanceof Error) throw reply;
    return replies as RedisReply[];
  }

  #commandsFor({ entryKey, leaseKey, token }: Try): RedisCommand[] {
    const barrierKey = this.#entries.space.barrierKey(entryKey);
    return [
      { key: leaseKey, args: ['SET', leaseKey, token, 'NX', 'PX', String(LEASE_TIME)] },
      { key: barrierKey, args: ['EXISTS', barrierKey] },
      { key: entryKey, args: ['MGET', leaseKey, entryKey] },
    ];
  }

  #decide({ one, barred, holder }: Answer, entry: StoredEntry | undefined, versions: Versions): Claim {
    const { request, ...own } = one;
    if (barred || this.#isUnsettled(one)) return BARRED;
    if (entry !== undefined && entry.staleFor === undefined && !request.anew)
      return { state: 'fresh', entry };
    if (holder !== own.token) return { state: 'busy', failed: holder.startsWith(PAUSED), entry };
    const { generations, sequence } = versions;
    const tags = allOf([...new Set(request.tags)], versions.tags);
    if (tags === undefined || generations === undefined || sequence === undefined) return BARRED;
    const lease: RedisLease = { key: request.key, ...own, generations, sequence, tags };
    return { state: 'held', lease, entry };
  }

  /** Whether nobody can tell what Redis holds of what is asked for. */
  #isUnsettled({ entryKey, request }: Try): boolean {
    const { unsettled } = this.#entries.shared;
    return unsettled.has(entryKey) || request.tags.some((tag) => unsettled.hasTag(tag));
  }

  /** Nobody waits for this: what is not given back ends by itself. */
  #letGo(tries: readonly Try[]): void {
    if (tries.length === 0) return;
    const commands = partsOf(tries).map(letGoCommand);
    void runPipeline(this.#entries.shared.connection, commands).catch(() => {});
  }
}

function answersOf(tries: readonly Try[], replies: readonly RedisReply[]): Answer[] {
  return tries.map((one, index) => {
    const [, barriers, values] = replies.slice(index * COMMANDS) as [RedisReply, number, RedisReply[]];
    const [holder = null, bytes = null] = values;
    return {
      one,
      barred: barriers > 0,
      holder: Buffer.isBuffer(holder) ? holder.toString('latin1') : '',
      bytes,
    };
  });
}

function letGoCommand(leases: readonly LeaseTry[]): ScriptCommand {
  const keys = leases.map(({ leaseKey }) => leaseKey);
  return scriptCommand(
    LET_GO,
    keys,
    leases.map(({ token }) => token),
  );
}
