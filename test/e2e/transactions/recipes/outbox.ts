import { Inject, Injectable } from '@nestjs/common';
import { CacheRegistry, InjectCache, NamedCache } from 'nestjs-redis-cache';

interface Sql {
  run(sql: string, ...values: unknown[]): Promise<void>;
  get<T>(sql: string, ...values: unknown[]): Promise<T | undefined>;
}
interface Database extends Sql {
  all<T>(sql: string, ...values: unknown[]): Promise<T[]>;
  transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T>;
}

interface Note {
  id: number;
  cache: string;
  keys: string;
  tags: string;
}

@Injectable()
export class Outbox {
  constructor(
    @Inject('DATABASE') private readonly db: Database,
    @InjectCache('outbox') private readonly marks: NamedCache,
    private readonly caches: CacheRegistry,
  ) {}

  /** Notes what has to be invalidated, in the transaction that makes it necessary. */
  async note(tx: Sql, cache: string, targets: { keys?: string[]; tags?: string[] }): Promise<void> {
    const { keys = [], tags = [] } = targets;
    const values = [cache, JSON.stringify(keys), JSON.stringify(tags), Date.now()];
    await tx.run('INSERT INTO outbox (cache, keys, tags, noted_at) VALUES (?, ?, ?, ?)', ...values);
  }

  /** Invalidates what was noted. Throws when Redis does not take it; then the notes are still there. */
  async workOff(): Promise<number> {
    // A Redis that has lost data has lost this mark too, or has an older one: what came after it is done once more.
    const mark = (await this.marks.get<number>('batch')) ?? 0;
    await this.db.run('UPDATE outbox SET batch = NULL WHERE batch > ?', mark);
    const notes = await this.db.all<Note>(
      'SELECT id, cache, keys, tags FROM outbox WHERE batch IS NULL ORDER BY id LIMIT 500',
    );
    if (notes.length === 0) return 0;
    for (const note of notes) await this.invalidate(note);
    // The number is taken after Redis has acknowledged everything: the mark never runs ahead of it.
    const batch = await this.db.transaction((tx) => this.numbered(tx, notes));
    await this.marks.set('batch', batch);
    return notes.length;
  }

  /** Forgets what was worked off and is older than any entry can be. */
  async tidy(longestTtl: number): Promise<void> {
    const before = Date.now() - longestTtl;
    await this.db.run('DELETE FROM outbox WHERE batch IS NOT NULL AND noted_at < ?', before);
  }

  private async invalidate(note: Note): Promise<void> {
    const cache = this.caches.get(note.cache);
    await cache.mdel(JSON.parse(note.keys) as string[]);
    await cache.invalidateTags(JSON.parse(note.tags) as string[]);
  }

  private async numbered(tx: Sql, notes: Note[]): Promise<number> {
    await tx.run('UPDATE outbox_batch SET last = last + 1');
    const batch = (await tx.get<{ last: number }>('SELECT last FROM outbox_batch'))?.last ?? 0;
    for (const { id } of notes) await tx.run('UPDATE outbox SET batch = ? WHERE id = ?', batch, id);
    return batch;
  }
}
