/** A recording for the appliance, with this worker's files behind it. */

import { ChunkCipher } from '../../shared/recording/cipher'
import type { SealTarget } from './control'
import { SealedFile } from './sealed-file'
import { openSpool } from './spool'

export async function sealedFile({ id, key, head }: SealTarget): Promise<SealedFile> {
  return new SealedFile(await ChunkCipher.create(key, id), await openSpool(id), head)
}
