import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ContextHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBRequestHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBServerHandler;

/**
 * DynamoDB Local on a free port of 127.0.0.1: its own ServerRunner listens on every interface. Prints the port once it
 * listens, and runs until its standard input ends: it ends with the process that started it, however that one ends.
 */
public final class LoopbackServer {
    public static void main(String[] args) throws Exception {
        var inMemory = true;
        var sharedByAllRegionsAndKeys = true;
        var delaysTableStates = false;
        var requests =
            new LocalDynamoDBRequestHandler(0, inMemory, null, sharedByAllRegionsAndKeys, delaysTableStates);
        var context = new ContextHandler();
        context.setHandler(new LocalDynamoDBServerHandler(requests, null));

        var server = new Server();
        var connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        server.setHandler(context);
        server.start();
        System.out.println(connector.getLocalPort());

        while (System.in.read() != -1) {}
        System.exit(0);
    }
}
