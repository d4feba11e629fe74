import type { BlobServiceClient, StoragePipelineOptions } from "@azure/storage-blob";
import { singleSend } from "./single_send.ts";
import type { StorageAccess } from "./storage_access.ts";

/**
 * The SDK's client of the account's blobs, which repeats nothing by itself: `withRetries` does. Undefined where it is not
 * known where the blob service is. The SDK is loaded by the first call.
 */
export async function blobServiceClient(
  { blobUrl, login }: StorageAccess,
  options: StoragePipelineOptions = {},
): Promise<BlobServiceClient | undefined> {
  if (blobUrl === undefined) return undefined;
  const sdk = await import("@azure/storage-blob");
  const once: StoragePipelineOptions = { ...options, retryOptions: { maxTries: 1 } };
  const client = (url: string, credential: Parameters<typeof sdk.newPipeline>[0]) => {
    const pipeline = sdk.newPipeline(credential, once);
    pipeline.factories.push(singleSend);
    return new sdk.BlobServiceClient(url, pipeline);
  };
  switch (login.kind) {
    case "key":
      return client(blobUrl, new sdk.StorageSharedKeyCredential(login.account, login.key));
    case "sas":
      return client(`${blobUrl}?${login.sas}`, new sdk.AnonymousCredential());
    case "token":
      return client(blobUrl, login.credential);
    default:
      return login satisfies never;
  }
}
