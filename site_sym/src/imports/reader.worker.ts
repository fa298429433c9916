/** Reads a file beside the page, which stays free meanwhile. */

import { readFile } from "./readFile.ts";
import { RefusedFile, type Refusal, type SheetFile } from "./sheet.ts";

export type ReaderAnswer = { file: SheetFile } | { refusal: Refusal };

onmessage = async ({ data }: MessageEvent<ArrayBuffer>) => {
  let answer: ReaderAnswer;
  try {
    answer = { file: await readFile(new Uint8Array(data)) };
  } catch (error) {
    if (!(error instanceof RefusedFile)) throw error;
    answer = { refusal: error.refusal };
  }
  postMessage(answer);
};
