"""Where Redis is, as settings say it: what is read, and what is wrong with what cannot be."""

import pytest
from pydantic import ValidationError

from dispatch.settings import Settings
from dispatch.storage.redis_address import BadRedisUrl, RedisKind, read_redis_url


@pytest.mark.parametrize("url", ["redis://h:1/2", "rediss://user:word@h", "unix:///run/redis.sock"])
def test_one_server_is_left_to_the_client_to_read(url: str) -> None:
    address = read_redis_url(url)
    assert (address.kind, address.url) == (RedisKind.SINGLE, url)


def test_sentinels_name_their_service_and_its_database() -> None:
    address = read_redis_url("redis+sentinel://us%40er:p%3Ass@one:5000,two,[::1]:7/mymaster/3")
    assert address.kind is RedisKind.SENTINEL
    assert address.hosts == (("one", 5000), ("two", 26379), ("::1", 7))
    assert (address.service, address.database, address.is_tls) == ("mymaster", 3, False)
    assert (address.username, address.password) == ("us@er", "p:ss")
    assert read_redis_url("redis+sentinel://one/mymaster").database == 0


def test_a_cluster_names_some_of_its_nodes() -> None:
    address = read_redis_url("rediss+cluster://:word@one:7000,two")
    assert address.kind is RedisKind.CLUSTER
    assert address.hosts == (("one", 7000), ("two", 6379))
    assert (address.username, address.password, address.is_tls) == (None, "word", True)
    assert read_redis_url("redis+cluster://one/0").hosts == (("one", 6379),)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "must begin with redis://"),
        ("http://one", "must begin with redis://"),
        ("redis+sentinels://one/m", "must begin with redis://"),
        ("redis+sentinel://one", "must name the service"),
        ("redis+sentinel://one/m/first", "'first' is no number of a database"),
        ("redis+sentinel:///m", "'' is not host:port"),
        ("redis+cluster://one/1", "a cluster has one database only"),
        ("redis+cluster://one:port", "'one:port' is not host:port"),
        ("redis+cluster://one,,two", "'' is not host:port"),
        ("redis+cluster://one:70000", "'one:70000' is not host:port"),
        ("redis+cluster://one:0", "'one:0' is not host:port"),
        ("redis+cluster://::1", "'::1' is not host:port"),
        ("redis://one:port/0", "is no"),
        ("redis://one/first", "is no"),
    ],
)
def test_a_url_that_says_no_place_is_refused_with_what_is_wrong(url: str, says: str) -> None:
    with pytest.raises(BadRedisUrl, match=says.replace("(", "\\(")):
        read_redis_url(url)
    if url:
        with pytest.raises(ValidationError) as refused:
            Settings(redis_url=url)
        assert [each["loc"] for each in refused.value.errors()] == [("redis_url",)]


def test_no_password_is_told_to_whoever_reads_the_log() -> None:
    for url in ("redis+cluster://u:word@one:port", "redis+sentinel://u:word@one", "redis://u:word@one:port"):
        with pytest.raises(BadRedisUrl) as refused:
            read_redis_url(url)
        assert "word" not in str(refused.value)
    assert "word" not in repr(read_redis_url("redis+cluster://u:word@one"))
    assert "word" not in repr(read_redis_url("redis://u:word@one"))
