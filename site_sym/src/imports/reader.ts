import type { ReaderAnswer } from "./reader.worker.ts";
import { MAX_FILE_BYTES, RefusedFile, type SheetFile } from "./sheet.ts";

/**
 * The table in a file that a person chose.
 *
 * @throws RefusedFile
 */
export async function readInWorker(file: File): Promise<SheetFile> {
  if (file.size > MAX_FILE_BYTES) throw new RefusedFile("too_large");
  const bytes = await file.arrayBuffer();
  const worker = new Worker(new URL("./reader.worker.ts", import.meta.url), { type: "module" });
  try {
    const answer = await new Promise<ReaderAnswer>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<ReaderAnswer>) => resolve(data);
      // Its script could not be fetched, or a fault of ours.
      worker.onerror = () => reject(new RefusedFile("worker"));
      worker.postMessage(bytes, [bytes]);
    });
    if ("refusal" in answer) throw new RefusedFile(answer.refusal);
    return answer.file;
  } finally {
    worker.terminate();
  }
}
