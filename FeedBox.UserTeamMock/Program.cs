using FeedBox.UserTeamMock;

UserTeamMockApp.Create(args).Run();
