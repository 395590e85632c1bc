import { appendFile, readFile } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { Settings } from '../settings.js';

interface Correction {
  readonly cityId: number;
  readonly population: number;
}

/**
 * Corrected populations, one a line in a file. It stands for the database that an application would have: what one process
 * has appended, the next read of any other one finds. It is not in Redis, so that what is cached there is a copy of something.
 */
@Injectable()
export class PopulationCorrections {
  constructor(private readonly settings: Settings) {}

  async add(correction: Correction): Promise<void> {
    await appendFile(this.settings.correctionsFile, `${JSON.stringify(correction)}\n`);
  }

  /** Populations by the id of the city. The last correction of a city counts. */
  async all(): Promise<ReadonlyMap<number, number>> {
    const lines = (await this.read()).split('\n').filter((line) => line !== '');
    const corrections = lines.map((line) => JSON.parse(line) as Correction);
    return new Map(corrections.map(({ cityId, population }) => [cityId, population]));
  }

  private async read(): Promise<string> {
    try {
      return await readFile(this.settings.correctionsFile, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    }
  }
}
