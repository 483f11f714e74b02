/**
 * A file system on a loop device, whose power can be cut. As with a real power cut, everything not written to the
 * device is lost.
 *
 * Needs Linux, root, `mount`, `perl`, and the tools of the file system. The cut is the ioctl that file systems have for
 * testing this (`EXT4_IOC_SHUTDOWN`, the same number on XFS), without flushing the journal.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How to create and mount a file system. */
export interface VolumeKind {
  readonly name: string;
  readonly make: readonly [command: string, ...args: string[]];
  readonly options: string;
}

/** The kinds of file systems for the campaign. */
export const VOLUME_KINDS: readonly VolumeKind[] = [
  { name: "ext4 ordered", make: ["mkfs.ext4", "-q"], options: "loop,data=ordered" },
  { name: "ext4 writeback", make: ["mkfs.ext4", "-q"], options: "loop,data=writeback" },
  { name: "ext4 nodelalloc", make: ["mkfs.ext4", "-q"], options: "loop,nodelalloc" },
];

const SIZE_BYTES = 256 * 1024 * 1024;
const CUT = 'my $how = pack("L", 2); open(F, "<", $ARGV[0]) or die $!; ioctl(F, 0x8004587d, $how) or die $!';

/** A volume, see the module. */
export class Volume {
  /** The mount point. */
  readonly path: string;
  readonly #directory: string;
  readonly #kind: VolumeKind;

  /** Creates and mounts a volume. */
  constructor(kind: VolumeKind) {
    this.#kind = kind;
    this.#directory = mkdtempSync(join(tmpdir(), "luge-volume-"));
    this.path = join(this.#directory, "mounted");
    mkdirSync(this.path);
    writeFileSync(this.#image, "");
    truncateSync(this.#image, SIZE_BYTES);
    const [command, ...args] = kind.make;
    execFileSync(command, [...args, this.#image]);
    this.#mount();
  }

  get #image(): string {
    return join(this.#directory, "image");
  }

  /** From now on nothing reaches the device, and every call fails. */
  cut(): void {
    execFileSync("perl", ["-e", CUT, this.path]);
  }

  /** Restores the power. No file may be open. */
  restart(): void {
    execFileSync("umount", [this.path]);
    this.#mount();
  }

  /** Removes the volume. */
  remove(): void {
    execFileSync("umount", [this.path]);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #mount(): void {
    execFileSync("mount", ["-o", this.#kind.options, this.#image, this.path]);
  }
}
