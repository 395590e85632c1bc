import { Inject, Injectable } from '@nestjs/common';
import { CacheRegistry, InjectRedis } from 'nestjs-redis-cache';
import type { RedisClientType } from 'redis';

interface Sql {
  run(sql: string, ...values: unknown[]): Promise<void>;
}
interface Database extends Sql {
  all<T>(sql: string, ...values: unknown[]): Promise<T[]>;
}

interface Note {
  id: number;
  cache: string;
  cache_keys: string;
  cache_tags: string;
}

@Injectable()
export class Outbox {
  constructor(
    @Inject('DATABASE') private readonly db: Database,
    @InjectRedis() private readonly redis: RedisClientType,
    private readonly caches: CacheRegistry,
  ) {}

  /** Notes what has to be invalidated, in the transaction that makes it necessary. */
  async note(tx: Sql, cache: string, targets: { keys?: string[]; tags?: string[] }): Promise<void> {
    const { keys = [], tags = [] } = targets;
    const insert = 'INSERT INTO outbox (cache, cache_keys, cache_tags, noted_at) VALUES (?, ?, ?, ?)';
    await tx.run(insert, cache, JSON.stringify(keys), JSON.stringify(tags), Date.now());
  }

  /** Invalidates what was noted, the latest first; 0 = nothing is left. Throws when Redis does not take it. */
  async workOff(): Promise<number> {
    // Before anything is invalidated: should the server change meanwhile, the notes are worked off on the new one as well.
    const server = await this.server();
    const select = 'SELECT * FROM outbox WHERE done_on IS NULL OR done_on <> ? ORDER BY id DESC LIMIT 500';
    const notes = await this.db.all<Note>(select, server);
    if (notes.length === 0) return 0;
    for (const cache of new Set(notes.map((note) => note.cache))) {
      const its = notes.filter((note) => note.cache === cache);
      await this.invalidate(cache, its);
    }
    const ids = notes.map((note) => note.id);
    const places = ids.map(() => '?').join(', ');
    await this.db.run(`UPDATE outbox SET done_on = ? WHERE id IN (${places})`, server, ...ids);
    return notes.length;
  }

  /** Forgets what was worked off and is older than any entry can be. */
  async tidy(longestTtl: number): Promise<void> {
    const before = Date.now() - longestTtl;
    await this.db.run('DELETE FROM outbox WHERE done_on IS NOT NULL AND noted_at < ?', before);
  }

  private async invalidate(name: string, notes: Note[]): Promise<void> {
    const cache = this.caches.get(name);
    await cache.mdel(notes.flatMap((note) => JSON.parse(note.cache_keys) as string[]));
    await cache.invalidateTags(notes.flatMap((note) => JSON.parse(note.cache_tags) as string[]));
  }

  /** Another one after every restart and every failover. */
  private async server(): Promise<string> {
    const id = /run_id:(\w+)/.exec(await this.redis.info('server'))?.[1];
    if (id === undefined) throw new Error('Redis does not tell its run_id.');
    return id;
  }
}
