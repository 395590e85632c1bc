import { AsyncLocalStorage } from 'node:async_hooks';
import { Inject, Injectable } from '@nestjs/common';
import type { NamedCache } from 'nestjs-redis-cache';

interface Transaction {
  run(sql: string, ...values: unknown[]): Promise<void>;
  get<T>(sql: string, ...values: unknown[]): Promise<T | undefined>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}
interface Database {
  begin(): Promise<Transaction>;
}

interface Unit {
  tx: Transaction;
  commit: () => Promise<void>;
}

@Injectable()
export class Transactions {
  private readonly units = new AsyncLocalStorage<Unit>();

  constructor(@Inject('DATABASE') private readonly db: Database) {}

  /** Runs work in a transaction. Inside of another one it is a part of that, which alone commits. */
  async run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const outer = this.units.getStore();
    if (outer) return work(outer.tx);
    const tx = await this.db.begin();
    const unit: Unit = { tx, commit: () => tx.commit() };
    try {
      const result = await this.units.run(unit, () => work(tx));
      await unit.commit();
      return result;
    } catch (error) {
      await tx.rollback();
      throw error;
    }
  }

  /** To be called inside of a transaction, for what it changes: the commit runs behind a barrier around that. */
  touches(cache: NamedCache, targets: { keys?: string[]; tags?: string[] }): void {
    const unit = this.units.getStore();
    if (!unit) throw new Error('There is no transaction here.');
    const { commit } = unit;
    unit.commit = () => cache.mutate(targets, commit);
  }
}
