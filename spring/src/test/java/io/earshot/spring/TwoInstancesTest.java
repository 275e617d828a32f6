package io.earshot.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Api;
import io.earshot.StandIn;
import io.earshot.client.EarshotClient;
import io.earshot.client.Event;
import io.earshot.client.State;
import io.earshot.protocol.Json;
import io.earshot.redis.RedisServer;
import io.earshot.testing.Await;
import io.earshot.token.TokenKeys;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/** Two instances of an application that share one Redis. */
class TwoInstancesTest {
  private static final String KEY = "app HS256 a key of both instances of the application";

  @Configuration(proxyBeanMethods = false)
  @ImportAutoConfiguration(EarshotAutoConfiguration.class)
  static class Shop {}

  private static ConfigurableApplicationContext instance(RedisServer redis) {
    SpringApplication application =
        new SpringApplicationBuilder(Shop.class).web(WebApplicationType.NONE).build();
    return application.run(
        "--spring.main.banner-mode=off",
        "--earshot.redis.url=" + redis.url(),
        "--earshot.tokens.keys=" + KEY,
        "--earshot.tcp-server.enabled=false",
        "--earshot.http-server.port=0",
        "--earshot.general.event-loops=1",
        "--earshot.general.reconnect-spread=0s");
  }

  private static URI uri(ConfigurableApplicationContext instance) {
    return URI.create(
        "ws://localhost:" + instance.getEnvironment().getProperty("local.earshot.http.port"));
  }

  @Test
  void messages_to_a_user_reach_the_user_on_each_instance_and_clients_are_told_to_come_back()
      throws Exception {
    String token =
        new TokenKeys(List.of(KEY), "").sign(Map.of("sub", "ada", "exp", 9_999_999_999L));
    try (var redis = new RedisServer();
        ConfigurableApplicationContext one = instance(redis)) {
      ConfigurableApplicationContext two = instance(redis);
      Await.until("Redis is reached", () -> isConnected(one) && isConnected(two));
      var here = new LinkedBlockingQueue<Event>();
      var there = new LinkedBlockingQueue<Event>();
      try (EarshotClient phone =
              EarshotClient.builder(uri(one)).login(token).inbox(null, here::add).connect();
          EarshotClient laptop =
              EarshotClient.builder(uri(two)).login(token).inbox(null, there::add).connect()) {
        one.getBean(Api.class)
            .chatRoom()
            .socketRoomBroadcast(new StandIn("@ada", Json.of("shop"), null), "Your order has left.")
            .toCompletableFuture()
            .get(10, TimeUnit.SECONDS);
        assertThat(text(here)).isEqualTo("Your order has left.");
        assertThat(text(there)).isEqualTo("Your order has left.");
        two.close();
        Await.until("a lost connection", () -> laptop.state() == State.RECONNECTING);
        assertThat(phone.state()).isEqualTo(State.OPEN);
      }
    }
  }

  private static boolean isConnected(ConfigurableApplicationContext instance) {
    return instance.getBean(EarshotLifecycle.class).get().state().cluster().isConnected();
  }

  private static String text(LinkedBlockingQueue<Event> inbox) throws InterruptedException {
    return inbox.poll(10, TimeUnit.SECONDS) instanceof Event.Message message
        ? message.text()
        : "nothing";
  }
}
