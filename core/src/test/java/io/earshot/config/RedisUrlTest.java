package io.earshot.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.config.RedisUrl.Server;
import io.earshot.config.RedisUrl.Verify;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedisUrlTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "redis://cache:6379",
        "cache:6379",
        "cache",
        " cache ",
        "REDIS://cache",
        "redis://:@cache",
        "redis://cache:6379/",
        "redis://cache?db=0"
      })
  void a_server_is_found_however_short_its_address_is(String text) {
    RedisUrl url = RedisUrl.of(text);
    assertThat(url)
        .isEqualTo(
            new RedisUrl(List.of(new Server("cache", 6379)), "", "", "", 0, false, Verify.FULL));
    assertThat(url).hasToString("cache:6379");
    assertThat(url.isCluster()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          redis://:p@h           |      | p
          redis://p@h            |      | p
          redis://u:p@h          | u    | p
          u:p@h:1                | u    | p
          redis://u:@h           | u    |
          redis://u:a:b@h        | u    | a:b
          redis://u:a@b@h        | u    | a@b
          redis://u:a,b@h        | u    | a,b
          redis://u:a+b@h        | u    | a+b
          redis://u:%25%2F%40@h  | u    | %/@
          redis://u:"<>^{}$!@h   | u    | "<>^{}$!
          redis://u:é漢@h        | u    | é漢
          redis://u%3A:%C3%A9@h  | u:   | é
          """)
  void user_and_password_may_have_odd_characters(String text, String user, String password) {
    RedisUrl url = RedisUrl.of(text);
    assertThat(url.user()).isEqualTo(user == null ? "" : user);
    assertThat(url.password()).isEqualTo(password == null ? "" : password);
    assertThat(url.servers()).singleElement().extracting(Server::host).isEqualTo("h");
  }

  @Test
  void sentinels_databases_and_tls_are_read() {
    assertThat(
            RedisUrl.of("rediss-sentinel://u:p@a,[::1]:5/2?verifypeer=ca&SentinelMasterId=my%20db"))
        .isEqualTo(
            new RedisUrl(
                List.of(new Server("a", 26379), new Server("::1", 5)),
                "my db",
                "u",
                "p",
                2,
                true,
                Verify.CA))
        .hasToString("my db (sentinels a:26379, [::1]:5)");
    assertThat(RedisUrl.of("redis-sentinel://a#db").primary()).isEqualTo("db");
    assertThat(RedisUrl.of("rediss://a/3?verifyPeer=NONE").verify()).isEqualTo(Verify.NONE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "redis://u:p@a:1,b:2",
        "u:p@a:1, b:2",
        "redis://u:p@a:1,redis://u:p@b:2",
      })
  void several_servers_are_a_cluster(String text) {
    RedisUrl url = RedisUrl.of(text);
    assertThat(url.servers()).containsExactly(new Server("a", 1), new Server("b", 2));
    assertThat(url.isCluster()).isTrue();
    assertThat(url.user() + url.password()).isEqualTo("up");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          http://h                             | its scheme is none of redis, rediss, redis-sentinel and rediss-sentinel
          tcp://10.0.0.9:6379                  | its scheme is none of
          redis-sentinel://h                   | the name of the primary is missing (?sentinelMasterId=NAME)
          redis://h?sentinelMasterId=x         | only redis-sentinel:// has sentinelMasterId
          redis://h?timeuot=5s                 | there is no option 'timeuot'; the setting redis.timeout is the time limit
          redis://h?timeout=5s                 | there is no option 'timeout'; the setting redis.timeout is the time limit
          rediss://h?verifypear=NONE           | there is no option 'verifypear'; the nearest is 'verifyPeer'
          redis://h?password=hunter2           | there is no option 'password'
          redis://h?hunter2                    | there is no option of that name
          redis://h?                           | there is no option of that name
          rediss://h?verifyPeer=maybe          | verifyPeer is NONE, CA or FULL
          redis://h?verifyPeer=NONE            | verifyPeer needs TLS (rediss://)
          rediss://h?verifyPeer=               | the option verifyPeer has no value
          redis://h?db=1&database=2            | the option database stands twice
          redis://h/hunter2                    | a database is a number, such as redis://HOST:PORT/2
          redis://a,b/2                        | a Redis Cluster has only the database 0
          redis://                             | a host is missing
          redis://a,,b                         | a host is missing
          redis://a b                          | a host is a name or an address, of letters, digits, - _ and .
          redis://h:hunter2                    | a port is a number, and follows a host and a colon
          redis://h:65536                      | a port is from 1 to 65535
          redis://u:hunter2:6379               | an IPv6 address is written in brackets, such as [::1]:6379, and a password before an @
          redis://u:100%hunter2@h              | a % in the password is written as %25
          redis://u:hunter2/x@h                | a password with / ? or # is written with %2F, %3F or %23 in their place
          redis://u:hunter2?x@h                | a password with / ? or # is written with
          redis://u:hunter2#x@h                | a password with / ? or # is written with
          redis://u:hunter2@a,u:hunter2@b      | user and password stand once, before the first host
          redis://u:hunter2@a,redis://b        | the addresses do not have the same scheme, user, password and options
          """)
  void what_is_no_address_is_refused_with_the_reason_and_without_the_password(
      String text, String why) {
    assertThatThrownBy(() -> RedisUrl.of(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("redis.url: " + why)
        .hasMessageContaining("; write it as redis://HOST:PORT")
        .message()
        .doesNotContain("hunter2");
  }

  @ParameterizedTest
  @CsvSource({
    "redis://u:hunter2@h:1/2, redis://u:***@h:1/2",
    "redis://:a@b:c@h, redis://:***@h",
    "redis://hunter2@h, redis://***@h",
    "u:hunter2@h, u:***@h",
    "redis://h:1, redis://h:1"
  })
  void a_shown_address_has_no_password(String text, String shown) {
    assertThat(RedisUrl.masked(text)).isEqualTo(shown);
  }
}
