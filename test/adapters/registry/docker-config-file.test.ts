import { renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import t from "tap";
import { DockerConfigFile, readDockerConfigFile } from "../../../src/adapters/registry/docker-config-file.ts";
import { parseReference } from "../../../src/image/reference.ts";
import type { DockerConfigError } from "../../../src/inspection/docker-config.ts";
import { manualClock } from "../../helpers/clock.ts";

const { repository } = parseReference("harbor.example.com/shop/web");

function config(password: string): string {
  return JSON.stringify({ auths: { "https://harbor.example.com": { username: "robot", password } } });
}

t.test("a docker configuration is read, or named with what is wrong with it", (t) => {
  const dir = t.testdir({ good: JSON.stringify({ ...JSON.parse(config("a")), credsStore: "desktop" }), bad: '{"auths": "hunter2"}', folder: {} });
  const { entries, warnings } = readDockerConfigFile(`${dir}/good`);
  t.same(entries, [{ location: "https://harbor.example.com", credential: { kind: "password", username: "robot", password: "a" } }]);
  t.match(warnings, [/credsStore/]);
  t.throws(() => readDockerConfigFile(`${dir}/bad`), { code: "BadAuths", message: `${dir}/bad: auths is not an object` });
  for (const name of ["missing", "folder"]) {
    t.throws(() => readDockerConfigFile(`${dir}/${name}`), { code: "Unreadable", message: new RegExp(`/${name} cannot be read`) });
  }
  t.throws(() => new DockerConfigFile(`${dir}/missing`, manualClock(), () => undefined), { code: "Unreadable" });
  t.end();
});

t.test("a docker configuration that changes is read again, every ten seconds at most", (t) => {
  const dir = t.testdir({ v1: { "config.json": config("one") }, v2: { "config.json": config("two") }, v3: { "config.json": "{" } });
  const swap = (version: string): void => {
    symlinkSync(version, `${dir}/next`);
    renameSync(`${dir}/next`, `${dir}/data`);
  };
  swap("v1");
  const clock = manualClock();
  const faults: DockerConfigError[] = [];
  const file = new DockerConfigFile(`${dir}/data/config.json`, clock, (fault) => faults.push(fault));
  const password = (): unknown => file.credentialsFor(repository).map((credential) => (credential.kind === "password" ? credential.password : credential));
  t.same(password(), ["one"]);
  swap("v2");
  clock.advance(9_999);
  t.same(password(), ["one"]);
  clock.advance(1);
  t.same(password(), ["two"], "another file behind the same path, as a mounted Secret changes");
  writeFileSync(`${dir}/data/config.json`, config("three"));
  utimesSync(`${dir}/data/config.json`, 1, 1);
  t.same(password(), ["two"]);
  clock.advance(10_000);
  t.same(password(), ["three"], "the same file, written again");
  swap("v3");
  clock.advance(10_000);
  t.same(password(), ["three"], "a file that is no docker config changes nothing");
  t.match(faults, [{ code: "NotJson", message: /data\/config\.json: the docker config is not JSON/ }]);
  rmSync(`${dir}/data`);
  clock.advance(10_000);
  t.same(password(), ["three"], "nor does one that is gone");
  t.match(faults[1], { code: "Unreadable" });
  swap("v1");
  clock.advance(10_000);
  t.same(password(), ["one"]);
  t.equal(faults.length, 2);
  t.end();
});
