import { newGeneration } from '../codec/generation.js';
import type { RedisScript } from '../connection/connection.js';
import type { Barrier } from './coherence.js';
import { BAR_KEYS, BAR_TAGS, LIFT_KEYS, LIFT_TAGS } from './redis-barrier-scripts.js';
import type { RedisEntries } from './redis-entries.js';
import { partsOf } from './redis-lease.js';
import { runPipeline, scriptCommand } from './redis-pipeline.js';

/**
 * Raises a barrier around keys and tags, for `ttl` milliseconds. One round trip for both. Where it rejects, what stands of it
 * is taken away behind that.
 */
export async function raiseBarrier(
  entries: RedisEntries,
  targets: { readonly keys: readonly string[]; readonly tags: readonly string[] },
  ttl: number,
): Promise<Barrier> {
  const barrier = new RedisBarrier(entries, targets, ttl);
  try {
    await barrier.renew();
    return barrier;
  } catch (error) {
    void barrier.lift().catch(() => {});
    throw error;
  }
}

class RedisBarrier implements Barrier {
  readonly #entries: RedisEntries;
  readonly #entryKeys: readonly string[];
  readonly #tags: readonly string[];
  readonly #ttl: number;
  readonly #token = newGeneration();

  constructor(
    entries: RedisEntries,
    { keys, tags }: { readonly keys: readonly string[]; readonly tags: readonly string[] },
    ttl: number,
  ) {
    this.#entries = entries;
    this.#entryKeys = [...new Set(keys)].map((key) => entries.space.entryKey(key));
    this.#tags = [...new Set(tags)];
    this.#ttl = ttl;
  }

  async renew(): Promise<void> {
    const args = [this.#token, String(this.#ttl)];
    await Promise.all([this.#changeKeys(BAR_KEYS, args), this.#changeTags(BAR_TAGS, args)]);
  }

  async lift(): Promise<void> {
    const args = [this.#token];
    await Promise.all([this.#changeKeys(LIFT_KEYS, args), this.#changeTags(LIFT_TAGS, args)]);
  }

  async #changeKeys(script: RedisScript, args: readonly string[]): Promise<void> {
    if (this.#entryKeys.length === 0) return;
    const { shared, space } = this.#entries;
    const replies = await this.#entries.changing(this.#entryKeys, () =>
      runPipeline(
        shared.connection,
        partsOf(this.#entryKeys).map((part) => {
          const keys = part.flatMap((key) => [key, space.leaseKey(key), space.barrierKey(key)]);
          return scriptCommand(script, keys, [...this.#entries.voice(), ...args]);
        }),
      ),
    );
    for (const reply of replies) if (reply instanceof Error) throw reply;
  }

  #changeTags(script: RedisScript, args: readonly string[]): Promise<void> {
    const { tags, unsettled } = this.#entries.shared;
    return unsettled.guardTags(this.#tags, () => tags.change(script, this.#tags, args));
  }
}
