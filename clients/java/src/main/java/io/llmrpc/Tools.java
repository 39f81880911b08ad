package io.llmrpc;

import io.llmrpc.v1.FunctionTool;
import io.llmrpc.v1.ProviderTool;
import io.llmrpc.v1.Tool;

/** What a model may call. */
public final class Tools {
  private Tools() {}

  /** A function that the caller runs; {@code parameters} is the JSON schema of its arguments. */
  public static Tool function(String name, String description, String parameters) {
    FunctionTool function =
        FunctionTool.newBuilder()
            .setName(name)
            .setDescription(description)
            .setParameters(parameters)
            .build();
    return Tool.newBuilder().setFunction(function).build();
  }

  /**
   * A tool that a provider defines, such as Anthropic's {@code web_search_20260318}; {@code
   * options} is a JSON object with the provider's own fields, or empty.
   */
  public static Tool provider(String provider, String type, String options) {
    ProviderTool tool =
        ProviderTool.newBuilder().setProvider(provider).setType(type).setOptions(options).build();
    return Tool.newBuilder().setProviderTool(tool).build();
  }
}
