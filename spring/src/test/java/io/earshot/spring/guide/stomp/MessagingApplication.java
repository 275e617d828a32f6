package io.earshot.spring.guide.stomp;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class MessagingApplication {
  public static void main(String[] args) {
    SpringApplication.run(MessagingApplication.class, args);
  }
}
