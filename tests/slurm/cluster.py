"""A real Slurm of one node on the loopback address, in one folder: for tests, and to try things by hand.

    python -m tests.slurm.cluster [--accounting] COMMAND…      runs a command on such a cluster

It needs root, and Debian's packages (`tests/slurm/install.sh`).
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue")
ACCOUNTING = ("slurmdbd", "mariadbd", "mariadb-install-db", "sacct")
PATIENCE_S = 60
MAX_ARRAY = 6  # tasks of an array: few, so that launches are split

CONF = """
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
SlurmctldPort={ctld}
SlurmdPort={slurmd}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
MaxArraySize={max_array}
MessageTimeout=10
MinJobAge={min_job_age}
KillWait=5
ReturnToService=2
SlurmdTimeout=20
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
{accounting}
NodeName=localhost NodeAddr=127.0.0.1 NodeHostname={host} CPUs={cpus} RealMemory=4000 State=UNKNOWN
PartitionName=low Nodes=localhost Default=YES MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE
PartitionName=high Nodes=localhost Default=NO MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
"""

ACCOUNTED = """
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort={dbd}
AccountingStoragePass={folder}/munge.socket
JobAcctGatherType=jobacct_gather/linux
"""

DBD = """
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={dbd}
SlurmUser=root
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm
"""


def lacking(accounting: bool = False) -> str:
    """What this machine lacks to run a cluster, in words; nothing where it has all."""
    if os.geteuid() != 0:
        return "a Slurm of one's own needs root"
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
    missing = [name for name in PROGRAMS + (ACCOUNTING if accounting else ()) if not shutil.which(name, path=path)]
    return f"{', '.join(missing)} not found: bash tests/slurm/install.sh" if missing else ""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class TestCluster:
    """Daemons of Slurm in a folder.

    accounting: with a database, so that sacct answers
    cpus: that the node says it has
    min_job_age: seconds after which Slurm forgets a job that has ended
    """

    __test__ = False  # it is no test case

    folder: Path
    accounting: bool = False
    cpus: int = 2
    min_job_age: int = 300
    max_array: int = MAX_ARRAY
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in ("ctld", "slurmd", "dbd")})
    running: dict[str, subprocess.Popen] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What programs of Slurm need to know, besides the environment of this process."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def start(self) -> None:
        """Start everything; returns when the node is idle."""
        self.folder.chmod(0o755)
        for name in ("state", "spool", "mysql"):
            (self.folder / name).mkdir(exist_ok=True)
        self.munge()
        words = {"folder": self.folder, "host": socket.gethostname(), **self.ports}
        accounting = "AccountingStorageType=accounting_storage/none"
        if self.accounting:
            self.database()
            self.write("slurmdbd.conf", DBD.format(**words))
            self.spawn("slurmdbd", "slurmdbd", "-D")
            self.await_that(lambda: self.listens(self.ports["dbd"]), "slurmdbd listens")
            accounting = ACCOUNTED.format(**words)
        conf = CONF.format(
            **words, accounting=accounting, cpus=self.cpus, max_array=self.max_array, min_job_age=self.min_job_age
        )
        self.write("slurm.conf", conf)
        if self.accounting:
            self.await_that(lambda: self.call("sacctmgr", "-i", "add", "cluster", "test").returncode == 0, "sacctmgr")
        self.controller()
        self.node()

    def write(self, name: str, text: str) -> None:
        """A configuration file, for root's eyes only."""
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o600)

    def munge(self) -> None:
        """Start munged, which signs what the others say to each other."""
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        files = {"socket": "munge.socket", "key-file": "munge.key", "pid-file": "munge.pid", "seed-file": "munge.seed"}
        words = [f"--{option}={self.folder / name}" for option, name in {**files, "log-file": "munge.log"}.items()]
        self.spawn("munged", "munged", "--foreground", "--force", *words)
        self.await_that(lambda: (self.folder / "munge.socket").exists(), "munged")

    def database(self) -> None:
        """Start a MariaDB of its own."""
        data = self.folder / "mysql"
        shutil.chown(data, "mysql")
        words = ["mariadb-install-db", "--user=mysql", f"--datadir={data}", "--auth-root-authentication-method=normal"]
        subprocess.run(words, check=True, capture_output=True)
        place = [f"--datadir={data}", f"--socket={data}/socket", f"--pid-file={data}/pid", "--skip-networking"]
        self.spawn("mariadbd", "mariadbd", "--no-defaults", "--user=mysql", *place)
        self.await_that(lambda: (data / "socket").exists(), "mariadbd")
        os.environ["MYSQL_UNIX_PORT"] = f"{data}/socket"  # where slurmdbd looks for "localhost"

    def controller(self, clean: bool = False) -> None:
        """Start slurmctld; returns when it answers."""
        self.spawn("slurmctld", "slurmctld", "-D", *(["-c"] if clean else []))
        self.await_that(lambda: self.call("squeue").returncode == 0, "slurmctld answers")

    def node(self) -> None:
        """Start slurmd; returns when jobs can start."""
        self.spawn("slurmd", "slurmd", "-D")

        def ready() -> bool:
            state = self.call("sinfo", "-h", "-o", "%T").stdout.split()
            if state and state[0] in ("down", "down*"):
                self.call("scontrol", "update", "NodeName=localhost", "State=RESUME")
            return bool(state) and state[0] in ("idle", "mixed", "allocated")

        self.await_that(ready, "the node is there")

    def spawn(self, name: str, *words: str) -> None:
        """Start a daemon."""
        log = (self.folder / f"{name}.out").open("a")
        path = {"PATH": os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))}
        environment = {**os.environ, **path, **self.environment}
        self.running[name] = subprocess.Popen(words, stdout=log, stderr=log, env=environment, start_new_session=True)
        log.close()

    def kill(self, name: str) -> None:
        """End a daemon, without a warning."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def end(self, name: str) -> None:
        """End a daemon as an administrator would: it writes down what it knows."""
        process = self.running.pop(name)
        process.terminate()
        process.wait()

    def stop(self) -> None:
        """End all jobs, then the daemons."""
        if "slurmctld" in self.running and "slurmd" in self.running:
            self.call("scancel", "--full", "-u", "root")
            with suppress(AssertionError):
                self.await_that(lambda: not self.call("squeue", "-h").stdout.strip(), "jobs end")
        for process in reversed(list(self.running.values())):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running.clear()

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program of Slurm."""
        environment = {**os.environ, **self.environment}
        return subprocess.run(words, capture_output=True, text=True, env=environment, timeout=120, check=False)

    @staticmethod
    def listens(port: int) -> bool:
        """Whether somebody does on a port."""
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    def await_that(self, met: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until a condition is met."""
        deadline = time.monotonic() + patience_s
        while not met():
            for name, process in self.running.items():
                assert process.poll() is None, f"{name} ended: {self.log(name)}"
            assert time.monotonic() < deadline, f"after {patience_s} s not met: {what}"
            time.sleep(0.1)

    def log(self, name: str) -> str:
        """The end of what a daemon said."""
        files = [self.folder / f"{name}{ending}" for ending in (".log", ".out")]
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in files if path.exists())


@contextmanager
def cluster(accounting: bool = False, **settings: int) -> Iterator[TestCluster]:
    """A cluster as long as it is needed; its programs find it through the environment of this process."""
    made = TestCluster(Path(tempfile.mkdtemp(prefix="slurm-")), accounting, **settings)
    before = dict(os.environ)
    try:
        made.start()
        os.environ.update(made.environment)
        yield made
    finally:
        made.stop()
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(made.folder, ignore_errors=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    with cluster(accounting="--accounting" in words):
        sys.exit(subprocess.run([word for word in words if word != "--accounting"], check=False).returncode)
