import {
  BlobServiceClient,
  type ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import {
  openBlobDestination,
  type OpenBlobDestinationOptions,
} from "../../../src/backends/azure/blob_sync_open.ts";
import { connectionFields } from "../../../src/backends/azure/connection_string.ts";
import type { SyncDestination, SyncFile } from "../../../src/core/sync_destination.ts";
import { assertEquals } from "../../support/assert.ts";
import { connectionString, newQueueName } from "../../support/azurite.ts";
import { FlakyProxy } from "../../support/flaky_proxy.ts";
import { TempDir } from "../../support/temp_dir.ts";

const ACCOUNT = "devstoreaccount1";

/** A container of the emulator, a directory with files for it, and the SDK's own client, which shows what lies there. */
export class BlobPlace implements AsyncDisposable {
  readonly container: ContainerClient;
  readonly dir: TempDir;
  /** Breaks the requests of the destinations that are opened here. */
  readonly proxy: FlakyProxy;
  /** The emulator's, which is public; tests take it for a secret. */
  readonly key: string;
  readonly #through: string;

  private constructor(
    container: ContainerClient,
    dir: TempDir,
    { proxy, key }: { proxy: FlakyProxy; key: string },
  ) {
    this.container = container;
    this.dir = dir;
    this.proxy = proxy;
    this.key = key;
    this.#through = proxy.connectionString;
  }

  static async make({ exists = true } = {}): Promise<BlobPlace> {
    const azurite = await connectionString();
    const key = connectionFields(azurite)?.get("accountkey") ?? "";
    const service = BlobServiceClient.fromConnectionString(azurite, { retryOptions: { maxTries: 1 } });
    const container = service.getContainerClient(newQueueName());
    if (exists) await container.create();
    const proxy = await FlakyProxy.start(azurite);
    return new BlobPlace(container, await TempDir.make(), { proxy, key });
  }

  /** The URL of a directory of the container, as jobq is to reach it. */
  url(prefix = "out/run 1"): string {
    const endpoint = connectionFields(this.#through)?.get("blobendpoint");
    return `${endpoint}/${this.container.containerName}/${encodeURI(prefix)}`;
  }

  /** A SAS of the container. @param permissions letters, as in `sp` */
  sas(permissions: string, { endsInMs = 3_600_000 } = {}): string {
    return generateBlobSASQueryParameters({
      containerName: this.container.containerName,
      permissions: ContainerSASPermissions.parse(permissions),
      startsOn: new Date(Date.now() - 7_200_000),
      expiresOn: new Date(Date.now() + endsInMs),
    }, new StorageSharedKeyCredential(ACCOUNT, this.key)).toString();
  }

  /** A destination with the account's key, unless the URL has a SAS. */
  async open(url = this.url(), options: OpenBlobDestinationOptions = {}): Promise<SyncDestination> {
    const variables: Record<string, string> = { JOBQ_CONNECTION_STRING: this.#through };
    return await openBlobDestination(url, { env: (name) => variables[name], ...options });
  }

  /** Makes a file in the directory. */
  async file(name: string, content: Uint8Array | string = "content"): Promise<SyncFile> {
    const path = this.dir.join(name);
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    const { size, mtime, mode } = await Deno.stat(path);
    return { path, name, sizeBytes: size, modifiedAt: mtime?.getTime() ?? 0, mode: mode ?? 0 };
  }

  /** The names of all blobs, in order. */
  async names(): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of this.container.listBlobsFlat()) names.push(name);
    return names.sort();
  }

  async bytes(name: string): Promise<Uint8Array> {
    return new Uint8Array(await this.container.getBlobClient(name).downloadToBuffer());
  }

  /** What the blob holds, as text. */
  async text(name: string): Promise<string> {
    return new TextDecoder().decode(await this.bytes(name));
  }

  /** Fails unless the blob holds just these bytes. */
  async assertHolds(name: string, expected: Uint8Array): Promise<void> {
    const actual = await this.bytes(name);
    const hash = async (bytes: Uint8Array) =>
      new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes))).toHex();
    assertEquals([actual.length, await hash(actual)], [expected.length, await hash(expected)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.container.deleteIfExists();
    await this.dir[Symbol.asyncDispose]();
  }
}

/** Bytes that differ from block to block. */
export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let offset = 0; offset < length; offset += 65_536) {
    crypto.getRandomValues(bytes.subarray(offset, Math.min(offset + 65_536, length)));
  }
  return bytes;
}
