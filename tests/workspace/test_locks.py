import multiprocessing
import threading

from sxt.workspace.locks import PathLock, is_free

SPAWN = multiprocessing.get_context("spawn")


def hold(path, is_held, may_go):
    PathLock(path).acquire()
    is_held.set()
    may_go.wait(60)


def add_ones(path, number_file, n):
    for _ in range(n):
        with PathLock(path):
            number_file.write_text(str(int(number_file.read_text()) + 1))


def test_a_lock_has_one_holder_among_threads(tmp_path):
    path = tmp_path / "lock"
    with PathLock(path) as lock:
        assert lock.is_held
        assert not PathLock(path).acquire(timeout_s=0.01)
        assert not is_free(path)
    assert not lock.is_held
    assert is_free(path)


def test_nobody_holds_a_lock_that_was_never_taken(tmp_path):
    assert is_free(tmp_path / "lock")
    assert not (tmp_path / "lock").exists()


def test_a_killed_holder_gives_its_lock_back(tmp_path):
    path, is_held, may_go = tmp_path / "lock", SPAWN.Event(), SPAWN.Event()
    holder = SPAWN.Process(target=hold, args=(path, is_held, may_go))
    holder.start()
    assert is_held.wait(60)
    assert not is_free(path)
    holder.kill()
    holder.join()
    assert PathLock(path).acquire(timeout_s=0)


def test_no_update_is_lost_between_threads_and_processes(tmp_path):
    path, number_file = tmp_path / "lock", tmp_path / "number"
    number_file.write_text("0")
    others = [SPAWN.Process(target=add_ones, args=(path, number_file, 100)) for _ in range(2)]
    threads = [threading.Thread(target=add_ones, args=(path, number_file, 100)) for _ in range(2)]
    for each in (*others, *threads):
        each.start()
    for each in (*others, *threads):
        each.join()
    assert number_file.read_text() == "400"
