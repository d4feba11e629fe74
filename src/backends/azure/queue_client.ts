import {
  AnonymousCredential,
  newPipeline,
  QueueServiceClient,
  type StoragePipelineOptions,
  StorageSharedKeyCredential,
} from "@azure/storage-queue";
import { singleSend } from "./single_send.ts";
import type { StorageAccess } from "./storage_access.ts";

/** The SDK's client of the account's queues. It repeats nothing by itself: `withRetries` does. */
export function queueServiceClient(
  { queueUrl, login }: StorageAccess,
  options: StoragePipelineOptions = {},
): QueueServiceClient {
  const once: StoragePipelineOptions = { ...options, retryOptions: { maxTries: 1 } };
  const client = (url: string, credential: Parameters<typeof newPipeline>[0]) => {
    const pipeline = newPipeline(credential, once);
    pipeline.factories.push(singleSend);
    return new QueueServiceClient(url, pipeline);
  };
  switch (login.kind) {
    case "key":
      return client(queueUrl, new StorageSharedKeyCredential(login.account, login.key));
    case "sas":
      return client(`${queueUrl}?${login.sas}`, new AnonymousCredential());
    case "token":
      return client(queueUrl, login.credential);
    default:
      return login satisfies never;
  }
}
