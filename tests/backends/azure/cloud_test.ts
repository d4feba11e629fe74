import { cloudOf } from "../../../src/backends/azure/cloud.ts";
import { UsageError } from "../../../src/core/errors.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

const of = (variables: Record<string, string>) => cloudOf((name) => variables[name]);

test("without AZURE_CLOUD it is the public cloud", () => {
  assertEquals(of({}), {
    storageSuffix: "core.windows.net",
    serviceBusSuffix: "servicebus.windows.net",
    authorityHost: "https://login.microsoftonline.com",
    isKnown: true,
  });
});

test("AZURE_CLOUD names the cloud, whatever its case", () => {
  const names = ["AzurePublicCloud", "AzureCloud", "azureusgovernment", "AZURECHINACLOUD"];
  assertEquals(
    names.map((name) => of({ AZURE_CLOUD: name })).map((cloud) => [cloud.storageSuffix, cloud.authorityHost]),
    [
      ["core.windows.net", "https://login.microsoftonline.com"],
      ["core.windows.net", "https://login.microsoftonline.com"],
      ["core.usgovcloudapi.net", "https://login.microsoftonline.us"],
      ["core.chinacloudapi.cn", "https://login.chinacloudapi.cn"],
    ],
  );
});

test("another cloud is refused with the names of all", () => {
  const error = assertThrows(() => of({ AZURE_CLOUD: "AzureMoonCloud" }), UsageError);
  assertEquals([error.message, error.hint], [
    'Cannot use "AzureMoonCloud" as AZURE_CLOUD: there is no such cloud',
    "it is one of AzurePublicCloud, AzureCloud, AzureUSGovernment, AzureChinaCloud",
  ]);
});

test("AZURE_AUTHORITY_HOST goes before the cloud's authority", () => {
  const { storageSuffix, authorityHost, isKnown } = of({
    AZURE_CLOUD: "AzureUSGovernment",
    AZURE_AUTHORITY_HOST: "login.example.org/",
  });
  assertEquals({ storageSuffix, authorityHost, isKnown }, {
    storageSuffix: "core.usgovcloudapi.net",
    authorityHost: "https://login.example.org",
    isKnown: false,
  });
});

test("an authority over http is refused, and not shown", () => {
  const error = assertThrows(() => of({ AZURE_AUTHORITY_HOST: "http://user:word@example.org" }), UsageError);
  assertEquals(error.message, "Cannot use AZURE_AUTHORITY_HOST: it is no https URL");
});
