"""./run: prepares, then boots."""

import dataclasses
import os
import shlex
import shutil
import signal
import sys
import tempfile

from . import command, machine, prepare
from .options import options_parse


def prepared_run(options, folder):
    prepare.packages_install(options)
    files = prepare.Files(
        hypervisor=prepare.hypervisor_prepare(options),
        kernel=prepare.kernel_prepare(options, folder),
        root=prepare.root_prepare(options, folder))
    if options.iso:
        iso = prepare.iso_prepare(files, command.hypervisor_words(options), command.kernel_words(options), folder)
        files = dataclasses.replace(files, iso=iso)
    qmp_socket = os.path.join(folder, "qmp")
    words = command.qemu_command(options, files, qmp_socket)
    if options.dry_run:
        print(shlex.join(words))
        return 0
    if options.exec_command is None:
        return machine.machine_interact(options, words)
    return machine.machine_execute(options, words, qmp_socket)


def main():
    options = options_parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # A dry run's files stay, for the command line that it prints.
    folder = tempfile.mkdtemp(prefix="hospes-run.")
    try:
        return prepared_run(options, folder)
    except (prepare.Refusal, OSError) as refusal:
        machine.say(str(refusal))
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        if not options.dry_run:
            shutil.rmtree(folder, ignore_errors=True)


sys.exit(main())
