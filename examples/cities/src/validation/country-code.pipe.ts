import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';

/** Reads a country code such as `de`, in upper case; anything else is answered with 400. */
@Injectable()
export class CountryCodePipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (/^[a-z]{2}$/i.test(value)) return value.toUpperCase();
    throw new BadRequestException('code must be a country code of two letters, such as DE');
  }
}
