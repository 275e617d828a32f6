package io.earshot.spring.guide.earshot;

import io.earshot.Action;
import io.earshot.Api;
import io.earshot.StandIn;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

@SpringBootApplication
public class GreetingApplication {
  public static void main(String[] args) {
    SpringApplication.run(GreetingApplication.class, args);
  }

  @Bean
  Action hello(Api api) {
    StandIn greetings = StandIn.in("greetings");
    return Action.of(
            "hello",
            call ->
                api.chatRoom().socketRoomBroadcast(greetings, "Hello, " + call.text("name") + "!"))
        .withRequired("name");
  }
}
